"""Faults that the run of every crash point has found."""

from __future__ import annotations

import pytest

from support.interleave import Death, die, worker
from support.scenario import BO, BOTH, FOLDER, KIM, OpenScenario, Scenario
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.store import events, mailboxes
from webcrm_sync_sandbox.outlook.mail import File, Mail


def test_mirror_whose_writer_died_is_recorded_when_it_is_found(scenario: Scenario) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.crm.send_mail(user, person, "Order", "Thank you")
    with pytest.raises(Death):
        worker(scenario, "graph", "create_sent_mail", after=die).poll_webcrm()
    scenario.discover()
    scenario.run_all_retries()
    assert len(box.messages(f"sentitems/{FOLDER}")) == 1
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        told = [line.kind for line in events.of_mailbox(tx.connection, watched.id)]
    assert told.count("mirror written") == 1


def test_mirror_written_before_its_mailbox_was_removed_is_not_written_again(
    open_scenario: OpenScenario,
) -> None:
    scenario = open_scenario(MIRROR_SINCE="2026-01-01T00:00:00Z")
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.crm.send_mail(user, person, "Order", "Thank you")
    with pytest.raises(Death):
        worker(scenario, "graph", "create_sent_mail", after=die).poll_webcrm()
    admin.remove(scenario.context, KIM)
    scenario.watch(KIM)
    for _ in range(2):
        scenario.run_all_retries()
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["Order"]


@pytest.mark.parametrize("name", ["write_activities", "write_documents", "mark_mails"])
def test_mail_sent_before_its_mailbox_was_removed_is_not_sent_again(
    scenario: Scenario, name: str
) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    files = (File("a.txt", b"a"), File("b.txt", b"b"))
    item = scenario.drag(box, Mail("Once", BO, KIM, attachments=files))
    service, moment = ("graph", "before") if name == "mark_mails" else ("webcrm", "after")
    with pytest.raises(Death):
        worker(scenario, service, name, **{moment: die}).discover()
    admin.remove(scenario.context, KIM)
    scenario.watch(KIM)
    for _ in range(3):
        scenario.run_all_retries()
    assert len(scenario.activities) == 1
    assert sorted(d["DocumentFileName"] for d in scenario.documents) == ["a.txt", "b.txt"]
    assert box.read(item).categories == BOTH
