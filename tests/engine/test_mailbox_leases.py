"""No two installations work on one mailbox: each mail is filed once, and people are told."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest

from support.installations import another_installation, exact_clone, restored_copy
from support.interleave import Death, die, worker
from support.scenario import BO, BOTH, FOLDER, KIM, OpenScenario, Scenario
from webcrm_sync.core.mailbox_lease import CHECK_EVERY, FRESH, SETTLE, TAKE_OVER_WAIT
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.mailboxes.lease import HeldElsewhere, check_at_start
from webcrm_sync.engine.mailboxes.maintain import maintain
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.store import mailboxes
from webcrm_sync.store.mailboxes import Mailbox
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@dataclass(frozen=True, slots=True)
class Shared:
    """Kim's mailbox, which the first installation watches. `sender`: webCRM's user and Person."""

    first: Scenario
    box: SimMailbox
    sender: tuple[int, int]

    def let_mails_flow(self, *others: Scenario) -> None:
        """10 mails are moved and webCRM sends 3 while all installations work for an hour."""
        items = [self.first.drag(self.box, Mail(f"Offer {n}", BO, KIM)) for n in range(10)]
        for number in range(3):
            self.first.sandbox.crm.send_mail(*self.sender, f"Answer {number}", "Hello")
        self.work(timedelta(minutes=40), self.first, *others)
        assert all(self.box.read(item).categories == BOTH for item in items)

    def work(self, time: timedelta, *installations: Scenario) -> None:
        """Let time pass while these installations work in turn."""
        step = timedelta(minutes=5)
        for _ in range(time // step):
            self.first.sandbox.clock.advance(step)
            for scenario in installations:
                scenario.run_until_idle()

    def check_exactly_once(self) -> None:
        """Each of the 10 mails is one Activity, each of the 3 Activities one mail."""
        subjects = Counter(a["ActivityDescription"] for a in self.first.activities)
        assert subjects == {f"{word} {n}": 1 for word, many in _FLOW.items() for n in range(many)}
        sent = Counter(view.subject for view in self.box.messages(f"sentitems/{FOLDER}"))
        assert sent == {f"Answer {n}": 1 for n in range(3)}


_FLOW = {"Offer": 10, "Answer": 3}


@pytest.fixture
def shared(open_scenario: OpenScenario) -> Shared:
    """A mailbox of an installation that gets no notifications."""
    first = open_scenario(PUBLIC_URL="http://first.example")
    person = first.add_contact(BO)
    user = first.sandbox.crm.add_user(KIM, "Kim Nordwind")
    box = first.add_mailbox()
    first.poll_webcrm()
    return Shared(first, box, (user, person))


def trouble(scenario: Scenario) -> str:
    """What `status` says about the mailbox."""
    return read_status(scenario.context).mailboxes[0].trouble or ""


def only_mailbox(scenario: Scenario) -> Mailbox:
    with scenario.context.begin() as tx:
        return mailboxes.all_mailboxes(tx)[0]


def lease_on(box: SimMailbox) -> str:
    """The text on the sync folder."""
    (text,) = box.folder(f"inbox/{FOLDER}").properties.values()
    return text


def test_another_installation_refuses_the_mailbox_and_changes_nothing(shared: Shared) -> None:
    with another_installation(shared.first) as other:
        shared.first.sandbox.journal.clear()
        with pytest.raises(HeldElsewhere, match=r"http://first\.example on .* since 20.*take-over"):
            admin.add(other.context, admin.inspect(other.context, KIM))
        writes = [e for e in shared.first.sandbox.journal.exchanges if e.method != "GET"]
        assert {e.path.rpartition("/")[2] for e in writes} <= {"$batch", "token"}
        assert read_status(other.context).mailboxes == ()
        shared.let_mails_flow(other)
    shared.check_exactly_once()


def test_a_restored_copy_meets_its_original_before_it_writes_anything(shared: Shared) -> None:
    with restored_copy(shared.first) as copy:
        shared.let_mails_flow(copy)
        assert trouble(copy).startswith(
            "Another installation of webCRM sync works on this mailbox: http://first.example on "
        )
        assert "--take-over" in trouble(copy)
        assert trouble(shared.first) == ""
    shared.check_exactly_once()


def test_a_copy_of_a_database_with_work_under_way_does_none_of_it(shared: Shared) -> None:
    items = [shared.first.drag(shared.box, Mail(f"Offer {n}", BO, KIM)) for n in range(10)]
    for number in range(3):
        shared.first.sandbox.crm.send_mail(*shared.sender, f"Answer {number}", "Hello")
    shared.first.sandbox.faults.refuse("webcrm")
    shared.first.discover()
    shared.first.sandbox.faults.clear()
    with restored_copy(shared.first) as copy:
        shared.work(timedelta(minutes=40), copy, shared.first)
    assert all(shared.box.read(item).categories == BOTH for item in items)
    shared.check_exactly_once()


def test_of_an_exact_clone_and_its_original_one_goes_on(shared: Shared) -> None:
    with exact_clone(shared.first) as clone:
        shared.work(CHECK_EVERY * 2, clone, shared.first)
        stopped = [one for one in (clone, shared.first) if "take-over" in trouble(one)]
        assert len(stopped) == 1
        shared.let_mails_flow(clone)
    shared.check_exactly_once()


def test_a_clone_of_an_installation_that_waits_for_its_lease_never_works_beside_it(
    shared: Shared,
) -> None:
    check_at_start(shared.first.context)
    shared.first.run_until_idle()  # writes a new lease, to be read back later
    now = shared.first.sandbox.clock.now
    with exact_clone(shared.first) as clone:
        for _ in range(4):
            shared.first.sandbox.clock.advance(SETTLE / 2)
            for one in (shared.first, clone):
                one.run_until_idle()
                both = [only_mailbox(b).may_be_written(now()) for b in (shared.first, clone)]
                assert both != [True, True]
        shared.let_mails_flow(clone)
    shared.check_exactly_once()


def test_a_start_while_a_mailbox_changes_hands_does_not_begin_too_early(shared: Shared) -> None:
    with another_installation(shared.first) as other:
        admin.add(other.context, admin.inspect(other.context, KIM), take_over=True)
        other.run_until_idle()
        check_at_start(other.context)
        now = shared.first.sandbox.clock.now
        for _ in range(3):  # the first installation never reads the folder again
            other.run_until_idle()
            shared.first.sandbox.clock.advance(SETTLE)
            other.run_until_idle()
            both = [only_mailbox(one).may_be_written(now()) for one in (shared.first, other)]
            assert both != [True, True]


def test_two_that_add_the_mailbox_in_the_same_second(open_scenario: OpenScenario) -> None:
    first = open_scenario(PUBLIC_URL="http://first.example")
    person, user = first.add_contact(BO), first.sandbox.crm.add_user(KIM, "Kim Nordwind")
    shared = Shared(first, first.sandbox.outlook.add_mailbox(KIM, "Kim"), (user, person))
    with another_installation(first) as other:
        found = [admin.inspect(one.context, KIM) for one in (first, other)]
        for one, findings in zip((first, other), found, strict=True):
            admin.add(one.context, findings)
        # the other one reads the free folder, then the first one writes, then the other one
        late = worker(other, "graph", "save_lease", before=first.run_until_idle)
        maintain(late.context, only_mailbox(other).id)
        shared.let_mails_flow(other)
        stopped = [one for one in (first, other) if "take-over" in trouble(one)]
        assert stopped == [first]
    shared.check_exactly_once()


def test_a_mailbox_that_is_taken_over_changes_hands_without_a_gap(shared: Shared) -> None:
    with another_installation(shared.first) as other:
        other.run_until_idle()
        admin.add(other.context, admin.inspect(other.context, KIM), take_over=True)
        other.run_until_idle()
        assert "begins to work at" in trouble(other)
        shared.let_mails_flow(other)
        assert "http://second.example" in trouble(shared.first)
        assert trouble(other) == ""
    shared.check_exactly_once()


def test_both_never_work_at_once_while_the_mailbox_changes_hands(shared: Shared) -> None:
    with another_installation(shared.first) as other:
        admin.add(other.context, admin.inspect(other.context, KIM), take_over=True)
        # The first installation is at its worst: it never reads the folder again.
        now = shared.first.sandbox.clock.now
        deadline = now() + TAKE_OVER_WAIT
        other.run_until_idle()
        while now() < deadline:
            shared.first.sandbox.clock.advance(timedelta(minutes=3))
            other.run_until_idle()
            both = [only_mailbox(one).may_be_written(now()) for one in (shared.first, other)]
            assert both != [True, True]
        assert both == [False, True]


def test_the_mailbox_goes_back_with_work_of_both_and_nothing_is_doubled(shared: Shared) -> None:
    first = shared.first
    with another_installation(first) as other:
        admin.add(other.context, admin.inspect(other.context, KIM), take_over=True)
        first.drag(shared.box, Mail("Offer 9", BO, KIM))
        first.sandbox.faults.refuse("webcrm")
        first.discover()  # it finds the mail, plans to file it, and loses the mailbox
        first.sandbox.faults.clear()
        shared.work(timedelta(minutes=40), other)
        assert len(first.activities) == 1
        shared.work(timedelta(minutes=40), first, other)
        admin.add(first.context, admin.inspect(first.context, KIM), take_over=True)
        shared.work(timedelta(minutes=40), first, other)
        assert (trouble(first), "take-over" in trouble(other)) == ("", True)
    assert len(first.activities) == 1


def test_a_lease_of_days_ago_says_its_age_and_is_taken_over_at_once(shared: Shared) -> None:
    shared.first.sandbox.clock.advance(timedelta(days=5))
    with another_installation(shared.first) as other:
        with pytest.raises(HeldElsewhere, match="last seen 5 days ago"):
            admin.add(other.context, admin.inspect(other.context, KIM))
        admin.add(other.context, admin.inspect(other.context, KIM), take_over=True)
        other.run_until_idle()
        shared.first.sandbox.clock.advance(SETTLE)
        other.run_until_idle()
        now = shared.first.sandbox.clock.now()
        assert only_mailbox(other).may_be_written(now)


def test_a_service_that_was_away_for_days_goes_on_with_its_own_lease(shared: Shared) -> None:
    shared.first.sandbox.clock.advance(timedelta(days=8))
    check_at_start(shared.first.context)
    shared.first.run_until_idle()
    shared.first.sandbox.clock.advance(SETTLE)
    shared.let_mails_flow()
    shared.check_exactly_once()
    assert trouble(shared.first) == ""


def test_the_lease_is_renewed_once_a_day_with_another_text(shared: Shared) -> None:
    seen = [lease_on(shared.box)]
    for _ in range(2 * 24):
        shared.first.sandbox.clock.advance(timedelta(hours=1))
        maintain(shared.first.context, only_mailbox(shared.first).id)
        seen += [lease_on(shared.box)] if lease_on(shared.box) != seen[-1] else []
    assert len(seen) == 3


def test_a_mailbox_that_is_removed_is_free_for_another_installation(shared: Shared) -> None:
    assert admin.remove(shared.first.context, KIM) == []
    with another_installation(shared.first) as other:
        other.watch()
        assert trouble(other) == ""
        item = shared.first.drag(shared.box, Mail("Offer 1", BO, KIM))
        shared.work(timedelta(minutes=5), other)
        assert shared.box.read(item).categories == BOTH


def test_one_that_stopped_goes_on_when_the_other_one_removes_the_mailbox(shared: Shared) -> None:
    with another_installation(shared.first) as other:
        admin.add(other.context, admin.inspect(other.context, KIM), take_over=True)
        shared.work(timedelta(minutes=30), shared.first, other)
        assert "take-over" in trouble(shared.first)
        admin.remove(other.context, KIM)
    shared.work(timedelta(minutes=30), shared.first)
    assert trouble(shared.first) == ""
    shared.let_mails_flow()
    shared.check_exactly_once()


def test_removing_a_mailbox_that_is_held_elsewhere_touches_nothing_there(shared: Shared) -> None:
    with restored_copy(shared.first) as copy:
        copy.run_until_idle()
        before = lease_on(shared.box)
        shared.first.sandbox.journal.clear()
        assert admin.remove(copy.context, KIM) == []
        assert shared.first.sandbox.journal.select("graph") == []
        assert lease_on(shared.box) == before


def test_the_lease_follows_the_folder_that_is_made_in_place_of_a_deleted_one(
    shared: Shared,
) -> None:
    shared.box.delete_folder(f"inbox/{FOLDER}")
    shared.work(timedelta(minutes=30), shared.first)
    assert lease_on(shared.box).startswith("ms1-l-")
    shared.let_mails_flow()
    shared.check_exactly_once()


def test_a_mailbox_that_takes_no_lease_is_worked_on_all_the_same(
    open_scenario: OpenScenario,
) -> None:
    first = open_scenario(PUBLIC_URL="http://first.example")
    first.add_contact(BO)
    box = first.sandbox.outlook.add_mailbox(KIM, "Kim")
    box.named_properties_left = 0
    first.watch()
    first.poll_webcrm()
    item = first.drag(box, Mail("Offer 1", BO, KIM))
    first.discover()
    assert box.read(item).categories == BOTH


def test_nothing_is_filed_when_the_lease_could_not_be_checked_in_time(shared: Shared) -> None:
    first = shared.first
    first.drag(shared.box, Mail("Offer 1", BO, KIM))
    first.sandbox.faults.refuse("webcrm")
    first.discover()
    first.sandbox.faults.clear()
    first.sandbox.faults.refuse("graph")
    shared.work(FRESH, first)
    before = len(first.activities)
    shared.work(timedelta(minutes=30), first)
    assert len(first.activities) == before
    first.sandbox.faults.clear()
    shared.work(timedelta(minutes=30), first)
    assert len(first.activities) == 1


@pytest.mark.parametrize("call", [None, "before", "after"])
@pytest.mark.parametrize("has_answer", [True, False])
def test_wherever_a_renewal_ends_the_next_check_goes_on(
    shared: Shared, call: str | None, has_answer: bool
) -> None:
    first = shared.first
    for _ in range(3):
        first.sandbox.clock.advance(timedelta(days=1))
        dying = worker(first, "graph", "save_lease", before=die if call == "before" else None)
        if call == "after":
            dying = worker(first, "graph", "save_lease", after=die)
        if not has_answer:
            first.sandbox.faults.lose("graph", when=is_lease_write, limit=1)
        with suppress(Death):
            maintain(dying.context, only_mailbox(first).id)
        first.sandbox.faults.clear()
    shared.let_mails_flow()
    shared.check_exactly_once()
    assert trouble(first) == ""


def is_lease_write(method: str, path: str) -> bool:
    return method == "PATCH" and "mailFolders" in path
