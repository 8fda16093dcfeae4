"""People who file mails under Opportunities, and move them to other Organisations."""

from __future__ import annotations

from support.scenario import Scenario
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.manual_choice import Chooser, change
from webcrm_sync.engine.matching.opportunity_choice import set_opportunity
from webcrm_sync.store import emails
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_NAME = "Kim Nordwind"


def put_under(
    scenario: Scenario, box: SimMailbox, graph_id: str, organisation: str, opportunity: int | None
) -> None:
    """Choose an Opportunity, None = none, for the place of a mail at an Organisation."""
    email_id = scenario.item(box, graph_id).email_id
    place = scenario.organisations[organisation]
    choose_opportunity(scenario.context, email_id, place, opportunity)


def choose_opportunity(
    context: Context, email_id: int, organisation_id: int, opportunity_id: int | None
) -> None:
    """The same by ids. Raises Refused."""

    def choose(tx: Tx) -> None:
        lock_company(tx)
        email = emails.emails_by_id(tx, [email_id])[email_id]
        set_opportunity(tx, email, organisation_id, opportunity_id, by=_NAME)

    context.transact(choose)


def choose_organisation(
    context: Context, email_id: int, organisation_id: int, *, replaces: int | None = None
) -> None:
    """Choose another Organisation for a place of a mail. Raises Refused."""

    def choose(tx: Tx) -> None:
        lock_company(tx)
        email = emails.emails_by_id(tx, [email_id])[email_id]
        change(context, tx, email, organisation_id, replaces=replaces, by=Chooser(1, _NAME))

    context.transact(choose)


def opportunity_of(scenario: Scenario, subject: str) -> int:
    """The Opportunity of the only Activity with this subject, 0 = none."""
    (found,) = [a for a in scenario.activities if a["ActivityDescription"] == subject]
    return int(found.get("ActivityOpportunityId") or 0)
