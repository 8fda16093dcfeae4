"""A person who uses the pane in a scenario."""

from __future__ import annotations

from dataclasses import dataclass

from support.scenario import KIM, Scenario
from webcrm_sync.core.along import Along
from webcrm_sync.core.places import ChosenPlaces, PlaceEdit
from webcrm_sync.engine.history.timeline import read_own_timeline
from webcrm_sync.engine.pane import actions
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, MailRef
from webcrm_sync.engine.pane.mail_status import find_statuses
from webcrm_sync.engine.pane.mail_status_rules import MailStatus
from webcrm_sync.engine.pane.place_actions import edit_places
from webcrm_sync.engine.pane.undo import undo
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook import ids
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


def ref_to(box: SimMailbox, graph_id: str) -> MailRef:
    """The reference that Office.js on a desktop gives: the present EWS id."""
    item = box.existing(graph_id)
    return MailRef(ids.ews_form(item.rest_id), "ews", item.message_id)


@dataclass(slots=True)
class PaneUser:
    """The owner of a watched mailbox, at the pane."""

    scenario: Scenario
    box: SimMailbox
    name: str = "Kim Nordwind"

    @property
    def user(self) -> CurrentUser:
        """The user as the API knows them."""
        with self.scenario.context.begin() as tx:
            watched = mailboxes.find_mailbox(tx, min(self.box.addresses))
        assert watched is not None
        return CurrentUser(watched, self.name)

    def ref(self, graph_id: str) -> MailRef:
        """The reference to a mail by its present ids."""
        return ref_to(self.box, graph_id)

    def status(self, graph_id: str) -> MailStatus:
        """The status that the pane shows for a mail."""
        return self.status_of(self.ref(graph_id))

    def status_of(self, ref: MailRef) -> MailStatus:
        """The status that the pane shows for an earlier reference to a mail."""
        ((status, _),) = find_statuses(self.scenario.context, self.user, [ref])
        return status

    def timeline(self, ref: MailRef) -> list[str]:
        """The mail's timeline in sentences."""
        lines, _ = read_own_timeline(self.scenario.context, self.user, ref)
        return [line.sentence for line in lines]

    def sync(
        self,
        graph_id: str,
        *organisations: int,
        along: Along | None = None,
        even_if_private: bool = False,
    ) -> MailStatus:
        """Press the Sync button, with these Organisations and parts of the mail chosen."""
        return actions.sync(
            self.scenario.context,
            self.user,
            ref_to(self.box, graph_id),
            chosen=ChosenPlaces(organisations),
            along=along,
            even_if_private=even_if_private,
        )

    def sync_in(self, graph_id: str, *places: int) -> MailStatus:
        """Press the Sync button, with exactly these places."""
        chosen = ChosenPlaces(places, is_exact=True)
        return actions.sync(self.scenario.context, self.user, self.ref(graph_id), chosen=chosen)

    def edit(self, graph_id: str, edit: PlaceEdit) -> MailStatus:
        """Add, move or take away one place."""
        return edit_places(self.scenario.context, self.user, self.ref(graph_id), edit)

    def choose(self, graph_id: str, organisation_id: int) -> MailStatus:
        """Choose a candidate or another Organisation."""
        ref = ref_to(self.box, graph_id)
        return actions.choose(self.scenario.context, self.user, ref, organisation_id)

    def retry(self, graph_id: str) -> MailStatus:
        """Press Try again."""
        return actions.retry(self.scenario.context, self.user, ref_to(self.box, graph_id))

    def sync_anyway(self, graph_id: str) -> MailStatus:
        """Press Sync anyway."""
        return actions.sync_anyway(self.scenario.context, self.user, ref_to(self.box, graph_id))

    def undo(self, graph_id: str) -> MailStatus:
        """Press Undo."""
        return undo(self.scenario.context, self.user, ref_to(self.box, graph_id))


def add_pane_user(scenario: Scenario, address: str = KIM, name: str = "Kim Nordwind") -> PaneUser:
    """Add a watched mailbox and its owner, and read webCRM's directory."""
    box = scenario.add_mailbox(address, name)
    scenario.poll_webcrm()
    return PaneUser(scenario, box, name)
