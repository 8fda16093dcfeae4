"""A person in Outlook who asks about mails, on the stage of a play."""

from __future__ import annotations

from dataclasses import dataclass

from support.scenario import KIM, Scenario
from webcrm_sync.engine.history.timeline import read_own_timeline
from webcrm_sync.engine.pane import actions
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, MailRef
from webcrm_sync.engine.pane.mail_status import find_statuses
from webcrm_sync.engine.pane.mail_status_rules import MailStatus
from webcrm_sync.engine.pane.undo import undo
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook import ids
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


def ref_to(box: SimMailbox, graph_id: str) -> MailRef:
    """The mail as Office.js names it on a desktop: by the EWS id it has at this moment."""
    item = box.existing(graph_id)
    return MailRef(ids.ews_form(item.rest_id), "ews", item.message_id)


@dataclass(slots=True)
class PaneUser:
    """The owner of one watched mailbox at the pane."""

    scenario: Scenario
    box: SimMailbox
    name: str = "Kim Nordwind"

    @property
    def user(self) -> CurrentUser:
        """Who asks."""
        with self.scenario.context.begin() as tx:
            found = mailboxes.find_mailbox(tx, min(self.box.addresses))
        assert found is not None
        return CurrentUser(found, self.name)

    def ref(self, graph_id: str) -> MailRef:
        """The mail as Outlook names it now."""
        return ref_to(self.box, graph_id)

    def look(self, graph_id: str) -> MailStatus:
        """What the pane shows of a mail."""
        return self.look_by(self.ref(graph_id))

    def look_by(self, ref: MailRef) -> MailStatus:
        """What the pane shows of a mail, by a name that Outlook gave it earlier."""
        ((state, _),) = find_statuses(self.scenario.context, self.user, [ref])
        return state

    def story(self, ref: MailRef) -> list[str]:
        """The mail's story in sentences."""
        lines, _ = read_own_timeline(self.scenario.context, self.user, ref)
        return [line.sentence for line in lines]

    def sync(self, graph_id: str, *organisations: int) -> MailStatus:
        """The button."""
        ref = ref_to(self.box, graph_id)
        return actions.sync(self.scenario.context, self.user, ref, organisation_ids=organisations)

    def choose(self, graph_id: str, organisation_id: int) -> MailStatus:
        """One of the candidates, or another Organisation."""
        ref = ref_to(self.box, graph_id)
        return actions.choose(self.scenario.context, self.user, ref, organisation_id)

    def retry(self, graph_id: str) -> MailStatus:
        """Try again."""
        return actions.retry(self.scenario.context, self.user, ref_to(self.box, graph_id))

    def anyway(self, graph_id: str) -> MailStatus:
        """Sync anyway."""
        return actions.sync_anyway(self.scenario.context, self.user, ref_to(self.box, graph_id))

    def undo(self, graph_id: str) -> MailStatus:
        """Undo."""
        return undo(self.scenario.context, self.user, ref_to(self.box, graph_id))


def add_pane_user(scenario: Scenario, address: str = KIM, name: str = "Kim Nordwind") -> PaneUser:
    """A watched mailbox and its owner; what webCRM knows so far has been read."""
    box = scenario.mailbox(address, name)
    scenario.refresh()
    return PaneUser(scenario, box, name)
