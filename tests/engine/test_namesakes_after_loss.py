"""After a loss of the tables, a mail takes no Activity of another mail with its Message-ID."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from support.installations import lose_tables
from support.scenario import BO, BOTH, FOLDER, KIM, Scenario
from webcrm_sync.core.mailbox_lease import TAKE_OVER_WAIT
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.recover import find_users, rebuild
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


def invoice(scenario: Scenario, number: int) -> Mail:
    """A mail of a script that gives each mail the same Message-ID."""
    now = scenario.sandbox.clock.now()
    text = f"Invoice {number} for the cranes in Odense."
    return Mail(f"Invoice {number}", BO, KIM, body=text, message_id="<0@erp>", sent_at=now)


@pytest.fixture
def later(scenario: Scenario, box: SimMailbox) -> Scenario:
    """The first invoice is in webCRM and nowhere else; days later another one is in the folder.

    An older mail beside it makes the new installation read webCRM from before the first invoice.
    """
    older = box.deliver(Mail("Older", BO, KIM, sent_at=scenario.sandbox.clock.now()))
    first = scenario.drag(box, invoice(scenario, 1))
    scenario.discover()
    assert box.read(first).categories == BOTH
    box.delete(first)
    scenario.discover()
    scenario.sandbox.clock.advance(timedelta(days=9))
    for item in (older, box.deliver(invoice(scenario, 2))):
        box.move(item, f"inbox/{FOLDER}")
    return scenario


def add(scenario: Scenario) -> None:
    findings = admin.inspect(scenario.context, KIM)
    admin.add(scenario.context, findings, take_over=True)
    scenario.run_until_idle()
    scenario.sandbox.clock.advance(TAKE_OVER_WAIT)


def restore(scenario: Scenario) -> None:
    for _ in rebuild(scenario.context, find_users(scenario.context, [KIM]), take_over=True):
        scenario.run_until_idle()
    scenario.sandbox.clock.advance(TAKE_OVER_WAIT)


@pytest.mark.parametrize("begin", [add, restore], ids=["mailbox add", "rebuild"])
def test_it_is_filed_once(
    later: Scenario, box: SimMailbox, begin: Callable[[Scenario], None]
) -> None:
    scenario = lose_tables(later)
    scenario.poll_webcrm()
    begin(scenario)
    for _ in range(2):
        scenario.run_all_retries()
        filed = sorted(a["ActivityDescription"] for a in scenario.activities)
        assert filed == ["Invoice 1", "Invoice 2", "Older"]
        assert {view.categories for view in box.messages(f"inbox/{FOLDER}")} == {BOTH}
        prove.request_all(scenario.context)
