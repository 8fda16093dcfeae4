"""Proofs, rebuilds, backups and colleagues while mailboxes belong to several installations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from support.installations import another_installation, restored_copy
from support.scenario import BO, BOTH, FOLDER, KIM, OpenScenario, Scenario
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.mailbox_lease import CHECK_EVERY
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.mailboxes.lease import HeldElsewhere
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.reconciliation import prove, recover
from webcrm_sync.engine.reconciliation.differences import Kind
from webcrm_sync.store import recovery
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"


@pytest.fixture
def first(open_scenario: OpenScenario) -> Scenario:
    """An installation without mailboxes that gets no notifications."""
    scenario = open_scenario(PUBLIC_URL="http://first.example")
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    return scenario


@pytest.fixture
def kim(first: Scenario) -> SimMailbox:
    """Kim's mailbox, which the first installation watches."""
    return first.add_mailbox()


def move_ten(first: Scenario, box: SimMailbox, word: str) -> None:
    """Ten mails are moved to the sync folder."""
    for number in range(10):
        first.drag(box, Mail(f"{word} {number}", BO, KIM))


def take_over(scenario: Scenario) -> None:
    admin.add(scenario.context, admin.inspect(scenario.context, KIM), take_over=True)


def work(*installations: Scenario, rounds: int = 4) -> None:
    """All work, once every ten minutes."""
    for _ in range(rounds):
        installations[0].sandbox.clock.advance(CHECK_EVERY)
        for scenario in installations:
            scenario.discover()


def check_filed_once(first: Scenario, box: SimMailbox, *words: str) -> None:
    """Each of the ten mails of each word is one Activity, and marked."""
    found = Counter(a["ActivityDescription"] for a in first.activities)
    assert found == {f"{word} {number}": 1 for word in words for number in range(10)}
    views = box.messages(f"inbox/{FOLDER}")
    assert len(views) == 10 * len(words)
    assert all(view.categories == BOTH for view in views)


def differences(scenario: Scenario) -> Sequence[Kind]:
    """What a proof of webCRM finds."""
    *_, last = prove.prove_webcrm(scenario.context)
    return [one.kind for one in last.differences]


def test_a_proof_leaves_a_mailbox_alone_that_was_taken_over(
    first: Scenario, kim: SimMailbox
) -> None:
    move_ten(first, kim, "Before")
    first.discover()
    with another_installation(first) as other:
        take_over(other)
        work(other, first)
        move_ten(first, kim, "After")
        work(other, first)
        marked = [(view.id, view.change_key) for view in kim.messages(f"inbox/{FOLDER}")]
        (proof,) = prove.prove_mailboxes(first.context)
        assert "http://second.example" in (proof.trouble or "")
        assert differences(first) == []
        work(other, first)
    assert [(v.id, v.change_key) for v in kim.messages(f"inbox/{FOLDER}")] == marked
    check_filed_once(first, kim, "Before", "After")


def test_a_lease_that_is_lost_during_a_proof_ends_with_each_mail_filed_once(
    first: Scenario, kim: SimMailbox
) -> None:
    move_ten(first, kim, "Before")
    with another_installation(first) as other:
        take_over(other)
        other.run_until_idle()  # the lease is the other one's; the first one has not looked yet
        (proof,) = prove.prove_mailboxes(first.context)
        assert proof.trouble is None
        first.discover()
        work(other, first)
        assert differences(other) == []
    check_filed_once(first, kim, "Before")


def test_a_rebuild_refuses_a_mailbox_that_was_taken_over_and_stops_nothing(
    first: Scenario, kim: SimMailbox
) -> None:
    eva = first.add_mailbox(EVA, "Eva Nordwind")
    with another_installation(first) as other:
        take_over(other)
        work(other, first)
        users = recover.find_users(first.context, [EVA])
        with pytest.raises(Refused, match=r"kim@nordwind\.example.*mailbox add --take-over"):
            list(recover.rebuild(first.context, users, take_over=True))
        with first.context.begin() as tx:
            assert recovery.begun_at(tx) is None
        item = first.drag(eva, Mail("Offer", BO, EVA))
        work(other, first)
        assert eva.read(item).categories == BOTH
        take_over(first)
        work(first, other)
        assert list(recover.rebuild(first.context, users, take_over=True))
    assert kim.messages(f"inbox/{FOLDER}") == []


def test_a_mailbox_that_is_removed_and_added_elsewhere_keeps_each_mail_once(
    first: Scenario, kim: SimMailbox
) -> None:
    move_ten(first, kim, "Before")
    first.discover()
    move_ten(first, kim, "Between")
    first.sandbox.faults.refuse("webcrm")
    first.discover()  # ten mails are found and cannot be filed
    first.sandbox.faults.clear()
    assert admin.remove(first.context, KIM) == []
    with another_installation(first) as other:
        other.poll_webcrm()
        other.watch()
        move_ten(first, kim, "After")
        work(other, first)
        assert read_status(other.context).mailboxes[0].trouble is None
    check_filed_once(first, kim, "Before", "Between", "After")


def test_a_backup_from_before_a_take_over_does_nothing_until_it_takes_over_too(
    first: Scenario, kim: SimMailbox
) -> None:
    move_ten(first, kim, "Before")
    first.discover()
    with restored_copy(first, "backup") as backup, another_installation(first) as other:
        take_over(other)
        work(other, first)
        move_ten(first, kim, "After")
        work(other, first)
        assert len(first.activities) == 20
        move_ten(first, kim, "Last")
        work(backup)
        assert len(first.activities) == 20
        assert "http://second.example" in (read_status(backup.context).mailboxes[0].trouble or "")
        take_over(backup)
        work(backup, other, first)
        assert differences(backup) == []
    check_filed_once(first, kim, "Before", "After", "Last")


@pytest.mark.parametrize("is_renamed", [True, False], ids=["renamed", "deleted"])
def test_a_mailbox_is_taken_back_although_its_folder_was_changed_meanwhile(
    first: Scenario, kim: SimMailbox, *, is_renamed: bool
) -> None:
    with another_installation(first) as other:
        take_over(other)
        work(other, first)
        if is_renamed:
            kim.rename_folder(f"inbox/{FOLDER}", "Old")
        else:
            kim.delete_folder(f"inbox/{FOLDER}")
        with pytest.raises(HeldElsewhere, match=r"http://second\.example"):
            admin.add(first.context, admin.inspect(first.context, KIM))
        take_over(first)
        work(other, first)
        assert read_status(first.context).mailboxes[0].trouble is None
        assert "http://first.example" in (read_status(other.context).mailboxes[0].trouble or "")


def test_two_copies_of_one_mail_in_two_installations_are_named_by_both_proofs(
    first: Scenario, kim: SimMailbox
) -> None:
    eva = first.sandbox.outlook.add_mailbox(EVA, "Eva Nordwind")
    mail = Mail("Offer", BO, (KIM, EVA), message_id="<offer@havnebyg.example>")
    with another_installation(first) as other:
        other.poll_webcrm()
        other.watch(EVA)
        first.drag(kim, mail)
        work(first, other)
        first.drag(eva, mail)
        work(first, other)
        first.sandbox.clock.advance(timedelta(hours=3))
        keys = Counter(a["ActivityCustom15"] for a in first.activities)
        assert list(keys.values()) == [2]
        assert differences(first) == differences(other) == [Kind.DOUBLE]
        with first.sandbox.crm.lock:
            first.sandbox.crm.tables["Activity"].delete(first.activities[0]["ActivityId"])
        assert differences(first) == [Kind.WRONG_ACTIVITY]
        assert differences(first) == differences(other) == []
