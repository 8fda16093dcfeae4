"""The pure decisions behind the pane: choices, statuses, actions, folders and rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import NOON, copy, mail
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.matching import MatchedBy
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.matching.manual_choice import Choice, plan, with_changed, with_chosen
from webcrm_sync.engine.pane.actions import choose_folder
from webcrm_sync.engine.pane.mail_status_rules import (
    Action,
    CopyFacts,
    DisplayStatus,
    Progress,
    allowed_actions,
    decide_progress,
    decide_status,
)
from webcrm_sync.engine.pane.mailbox_status import ConnectionState, decide_state
from webcrm_sync.engine.pane.sender_rules import SENDERS_PER_RULE, rule_with_sender
from webcrm_sync.graph.sender_rules import SenderRule
from webcrm_sync.store.activity_updates import ActivityUpdate, UpdateKind
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.mailboxes import SyncFolder

SYNCED = copy(state=State.SYNCED)
NEW = CopyFacts(head=mail(), is_in_folder=False)


def filing(number: int, organisation_id: int, *, sent: bool = True, back: bool = False) -> Filing:
    return Filing(
        id=number,
        email_id=1,
        organisation_id=organisation_id,
        person_id=None,
        how=MatchedBy.CONTACT,
        key=f"ms1-{number}",
        intent_at=NOON if sent else None,
        lease=None,
        searches=0,
        attempts=0,
        activity_id=number if sent else None,
        is_complete=sent,
        is_withdrawn=back,
    )


# --- choices --------------------------------------------------------------------------------


def chosen(known: list[Filing], *organisations: int) -> Choice:
    return plan(known, {}, with_chosen(known, {}, organisations))


def test_the_only_activity_is_moved() -> None:
    choice = chosen([filing(1, 10)], 20)
    assert (choice.moves, choice.new) == ({1: 20}, ())


def test_the_button_withdraws_none_of_several_activities() -> None:
    choice = chosen([filing(1, 10), filing(2, 11)], 20)
    assert (choice.moves, choice.new, choice.taken_back) == ({}, (20,), ())


def test_a_withdrawn_activity_is_reused_before_a_new_one_is_created() -> None:
    choice = chosen([filing(1, 10, back=True)], 20)
    assert (choice.moves, choice.new) == ({1: 20}, ())


def test_an_unsent_filing_is_dropped() -> None:
    choice = chosen([filing(1, 10, sent=False)], 20)
    assert (choice.dropped, choice.new, choice.moves) == ((1,), (20,), {})


def test_a_pending_choice_is_not_applied_twice() -> None:
    updates = {1: ActivityUpdate(UpdateKind.MOVE, 20, NOON)}
    choice = plan([filing(1, 10)], updates, with_changed([filing(1, 10)], updates, 20, None))
    assert (choice.kept, choice.is_nothing) == ((1,), True)


BOTH = [filing(1, 10), filing(2, 11)]


@pytest.mark.parametrize(
    ("known", "change", "expected"),
    [
        ([filing(1, 10)], (20, None), (20,)),
        ([filing(1, 10)], (20, 10), (20,)),
        ([filing(1, 10)], (10, None), (10,)),
        ([filing(1, 0)], (20, 0), (20,)),
        (BOTH, (20, 11), (10, 20)),
        (BOTH, (10, 11), (10,)),
        (BOTH, (11, 11), (10, 11)),
        (BOTH, (11, None), (10, 11)),
        (BOTH, (11, 30), (10, 11)),
        ([filing(1, 10, back=True)], (20, None), (20,)),
        ([filing(1, 10, sent=False), filing(2, 11, sent=False)], (20, None), (20,)),
        ([filing(1, 10, sent=False), filing(2, 11, sent=False)], (20, 11), (10, 20)),
        ([], (20, None), (20,)),
    ],
)
def test_a_change_replaces_one_organisation(
    known: list[Filing], change: tuple[int, int | None], expected: tuple[int, ...]
) -> None:
    assert with_changed(known, {}, *change) == expected


@pytest.mark.parametrize(
    ("known", "change"),
    [
        (BOTH, (20, None)),
        (BOTH, (20, 30)),
        ([filing(1, 10), filing(2, 11, sent=False)], (20, None)),
        ([filing(1, 10, back=True)], (20, 10)),
        ([], (20, 10)),
    ],
)
def test_an_ambiguous_change_is_refused(
    known: list[Filing], change: tuple[int, int | None]
) -> None:
    with pytest.raises(Refused):
        with_changed(known, {}, *change)


def test_an_organisation_replaced_by_a_filed_one_is_withdrawn() -> None:
    choice = plan(BOTH, {}, with_changed(BOTH, {}, 10, 11))
    assert (choice.kept, choice.taken_back, choice.moves, choice.new) == ((1,), (2,), {}, ())


def test_a_withdrawn_organisation_returns_and_nothing_is_doubled() -> None:
    known = [filing(1, 10, back=True), filing(2, 11)]
    choice = plan(known, {}, with_changed(known, {}, 10, 11))
    assert (choice.kept, choice.taken_back, choice.moves, choice.new) == ((1,), (2,), {}, ())


def test_an_activity_that_is_wanted_at_its_present_place_stays_there() -> None:
    """A move was pending, and webCRM has not answered since."""
    updates = {1: ActivityUpdate(UpdateKind.MOVE, 20, NOON)}
    choice = plan(BOTH, updates, with_changed(BOTH, updates, 10, 11))
    assert (choice.moves, choice.kept, choice.taken_back) == ({1: 10, 2: 20}, (), ())


places = st.integers(1, 4)
filings = st.lists(
    st.tuples(places, st.booleans(), st.booleans()), max_size=4, unique_by=lambda f: f[0]
).map(lambda made: [filing(n, p, sent=s, back=s and b) for n, (p, s, b) in enumerate(made, 1)])


moved = st.dictionaries(st.integers(1, 4), st.integers(5, 7), max_size=2)


@given(filings, moved, st.lists(st.integers(1, 7), min_size=1, max_size=3, unique=True))
def test_a_plan_files_the_mail_where_it_is_wanted_and_loses_no_activity(
    known: list[Filing], moved: dict[int, int], wanted: list[int]
) -> None:
    updates = {i: ActivityUpdate(UpdateKind.MOVE, to, NOON) for i, to in moved.items()}
    choice = plan(known, updates, wanted)
    assert all(f.activity_id is None for f in known if f.id in choice.dropped)
    filed_under = [f.organisation_id for f in known if f.is_fresh and f.organisation_id in wanted]
    filed_under += choice.moves.values()
    filed_under += [
        moved.get(f.id, f.organisation_id) for f in known if f.id in choice.kept and not f.is_fresh
    ]
    assert sorted([*filed_under, *choice.new]) == sorted(wanted)
    owner = {f.organisation_id: f.id for f in known}
    assert all(owner.get(to, i) == i for i, to in choice.moves.items())
    assert not owner.keys() & set(choice.new)


# --- the status --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("copy", "exclusion_reason", "expected"),
    [
        (NEW, None, (DisplayStatus.NEW, None)),
        (NEW, Reason.NEVER_LIST, (DisplayStatus.SKIPPED, Reason.NEVER_LIST)),
        (replace(NEW, head=mail(is_draft=True)), None, (DisplayStatus.DRAFT, None)),
        (replace(NEW, is_in_folder=True), None, (DisplayStatus.ON_ITS_WAY, None)),
        (replace(NEW, item=SYNCED), None, (DisplayStatus.SYNCED, None)),
        (
            replace(NEW, item=SYNCED, updates={1: ActivityUpdate(UpdateKind.MOVE, 2, NOON)}),
            None,
            (DisplayStatus.ON_ITS_WAY, None),
        ),
        (replace(NEW, item=copy(state=State.FILED)), None, (DisplayStatus.ON_ITS_WAY, None)),
        (
            replace(NEW, item=copy(state=State.SKIPPED, reason=Reason.MOVED_OUT)),
            None,
            (DisplayStatus.NEW, None),
        ),
        (
            replace(NEW, item=copy(state=State.SKIPPED, reason=Reason.DRAFT)),
            None,
            (DisplayStatus.DRAFT, None),
        ),
        (
            replace(NEW, head=mail(stamp="ms1-m-7"), is_in_folder=True),
            None,
            (DisplayStatus.MIRRORED, None),
        ),
    ],
)
def test_the_status_and_reason_of_a_copy(
    copy: CopyFacts, exclusion_reason: Reason | None, expected: tuple[DisplayStatus, Reason | None]
) -> None:
    assert decide_status(copy, exclusion_reason) == expected


@given(st.sampled_from(State), st.booleans())
def test_no_step_is_done_before_the_previous_one(state: State, is_in_folder: bool) -> None:
    mine = CopyFacts(head=mail(), is_in_folder=is_in_folder, item=copy(state=state))
    done = decide_progress(mine, decide_status(mine, None)[0])
    order = [done.moved, done.read, done.filed, done.marked]
    assert order == sorted(order, reverse=True)
    assert (done == Progress(True, True, True, True)) == (state in {State.SYNCED, State.MIRRORED})


def test_never_list_and_meetings_cannot_be_synced_anyway() -> None:
    for reason in (Reason.NEVER_LIST, Reason.MEETING_REQUEST):
        assert allowed_actions(DisplayStatus.SKIPPED, reason, is_nobody_known=True) == ()


@pytest.mark.parametrize("state", [DisplayStatus.NEW, DisplayStatus.WAITING])
def test_a_contact_can_be_created_while_no_address_is_a_contact(state: DisplayStatus) -> None:
    for is_nobody_known in (True, False):
        actions = allowed_actions(state, None, is_nobody_known=is_nobody_known)
        assert (Action.CREATE_CONTACT in actions) is is_nobody_known


def test_the_copy_of_a_mail_that_a_colleague_has_filed_can_only_be_marked_too() -> None:
    actions = allowed_actions(
        DisplayStatus.NEW, None, is_nobody_known=True, is_filed_by_other_copy=True
    )
    assert actions == (Action.MARK_TOO,)


# --- folders and rules --------------------------------------------------------------------------


def folder(place: Place, parent: str) -> SyncFolder:
    return SyncFolder(
        id=1,
        mailbox_id=1,
        graph_id=f"sync-{place.value}",
        place=place,
        parents=(parent, "root"),
        cursor=None,
        round=0,
        is_known=True,
        read_requested_at=None,
        poll_due_at=None,
        push_doubted_at=None,
        subscription_id=None,
        client_state=None,
        subscription_expires_at=None,
    )


FOLDERS = [folder(Place.ROOT, "root"), folder(Place.SENT, "sent"), folder(Place.INBOX, "inbox")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["sent"], Place.SENT),
        (["2026", "sent", "root"], Place.SENT),
        (["inbox"], Place.INBOX),
        (["archive", "root"], Place.INBOX),
    ],
)
def test_sent_mail_goes_under_sent_items_and_other_mail_under_the_inbox(
    path: list[str], expected: Place
) -> None:
    assert choose_folder(FOLDERS, path).place is expected


def test_a_new_sender_goes_into_the_first_rule_with_room() -> None:
    full = SenderRule(
        "r1", "x: senders", "f", tuple(f"{n}@x.example" for n in range(SENDERS_PER_RULE))
    )
    part = SenderRule("r2", "x: senders 2", "f", ("a@x.example",))
    extended = rule_with_sender([full, part], "b@x.example", folder_id="f", name="x")
    assert (extended.graph_id, extended.senders) == ("r2", ("a@x.example", "b@x.example"))
    added = rule_with_sender([full], "b@x.example", folder_id="f", name="x")
    assert added == SenderRule("", "x: senders 2", "f", ("b@x.example",))


def test_a_mail_that_needs_a_person_decides_the_status() -> None:
    assert decide_state(parked=1, on_the_way=1, is_delayed=True) is ConnectionState.NEEDS_YOU
    assert decide_state(parked=0, on_the_way=0, is_delayed=True) is ConnectionState.CATCHING_UP
    assert decide_state(parked=0, on_the_way=0, is_delayed=False) is ConnectionState.CONNECTED
