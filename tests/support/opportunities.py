"""A person who files mails under Opportunities."""

from __future__ import annotations

from support.scenario import Scenario
from webcrm_sync.engine.matching.manual_choice import Chooser, change
from webcrm_sync.engine.matching.opportunity_choice import set_opportunity
from webcrm_sync.store import emails
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


def put_under(
    scenario: Scenario, box: SimMailbox, graph_id: str, organisation: str, opportunity: int | None
) -> None:
    """Choose an Opportunity, None = none, for the place of a mail at an Organisation."""
    item = scenario.item(box, graph_id)
    with scenario.context.begin() as tx:
        lock_company(tx)
        email = emails.emails_by_id(tx, [item.email_id])[item.email_id]
        place = scenario.organisations[organisation]
        set_opportunity(tx, email, place, opportunity, by="Kim Nordwind")


def move_to(scenario: Scenario, box: SimMailbox, graph_id: str, organisation_id: int) -> None:
    """Choose another Organisation for the only place of a mail."""
    item = scenario.item(box, graph_id)
    with scenario.context.begin() as tx:
        lock_company(tx)
        email = emails.emails_by_id(tx, [item.email_id])[item.email_id]
        by = Chooser(item.mailbox_id, "Kim Nordwind")
        change(scenario.context, tx, email, organisation_id, replaces=None, by=by)


def opportunity_of(scenario: Scenario, subject: str) -> int:
    """The Opportunity of the only Activity with this subject, 0 = none."""
    (found,) = [a for a in scenario.activities if a["ActivityDescription"] == subject]
    return int(found.get("ActivityOpportunityId") or 0)
