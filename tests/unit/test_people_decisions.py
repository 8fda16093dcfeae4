"""The decisions behind what people ask for, without any service."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core_examples import NOON, copy, mail
from webcrm_sync.core.matching import How
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.choice import plan
from webcrm_sync.engine.connection import Standing, standing
from webcrm_sync.engine.mailstate import Can, Copy, Forecast, Shown, Steps, abilities, shown, steps
from webcrm_sync.engine.press import destination
from webcrm_sync.engine.rules import PACK, with_sender
from webcrm_sync.graph.senders import SenderRule
from webcrm_sync.store.asked import MOVE, Wish
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.mailboxes import SyncFolder

SYNCED = copy(state=State.SYNCED)
NEW = Copy(head=mail(), is_in_folder=False)


def filing(number: int, organisation_id: int, *, sent: bool = True, back: bool = False) -> Filing:
    return Filing(
        id=number,
        email_id=1,
        organisation_id=organisation_id,
        person_id=None,
        how=How.CONTACT,
        key=f"ms1-{number}",
        intent_at=NOON if sent else None,
        lease=None,
        looks=0,
        attempts=0,
        activity_id=number if sent else None,
        is_complete=sent,
        is_withdrawn=back,
    )


# --- choices --------------------------------------------------------------------------------


def test_the_only_activity_is_moved() -> None:
    choice = plan([filing(1, 10)], {}, [20])
    assert (choice.moves, choice.new) == ({1: 20}, ())


def test_of_several_that_stand_none_is_taken_away() -> None:
    choice = plan([filing(1, 10), filing(2, 11)], {}, [20])
    assert (choice.moves, choice.new) == ({}, (20,))


def test_what_was_taken_back_is_used_again_before_another_is_made() -> None:
    choice = plan([filing(1, 10, back=True)], {}, [20])
    assert (choice.moves, choice.new) == ({1: 20}, ())


def test_a_guess_that_was_never_sent_gives_way() -> None:
    choice = plan([filing(1, 10, sent=False)], {}, [20])
    assert (choice.dropped, choice.new, choice.moves) == ((1,), (20,), {})


def test_a_choice_that_is_being_followed_is_not_followed_twice() -> None:
    choice = plan([filing(1, 10)], {1: Wish(MOVE, 20, NOON)}, [20])
    assert (choice.kept, choice.moves, choice.new) == ((1,), {}, ())


places = st.integers(1, 4)
filings = st.lists(
    st.tuples(places, st.booleans(), st.booleans()), max_size=4, unique_by=lambda f: f[0]
).map(lambda made: [filing(n, p, sent=s, back=s and b) for n, (p, s, b) in enumerate(made, 1)])


@given(filings, st.lists(places, min_size=1, max_size=3, unique=True))
def test_afterwards_the_mail_stands_under_everything_chosen_and_nothing_sent_is_lost(
    known: list[Filing], chosen: list[int]
) -> None:
    choice = plan(known, {}, chosen)
    left = [f for f in known if f.id not in choice.dropped]
    assert all(f.activity_id is None for f in known if f.id in choice.dropped)
    after = [choice.moves.get(f.id, f.organisation_id) for f in left] + list(choice.new)
    assert set(chosen) <= set(after)
    assert len(after) == len(set(after))


# --- what is shown --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("copy", "why_not", "expected"),
    [
        (NEW, None, (Shown.NEW, None)),
        (NEW, Reason.NEVER_LIST, (Shown.SKIPPED, Reason.NEVER_LIST)),
        (replace(NEW, head=mail(is_draft=True)), None, (Shown.DRAFT, None)),
        (replace(NEW, is_in_folder=True), None, (Shown.ON_ITS_WAY, None)),
        (replace(NEW, item=SYNCED), None, (Shown.SYNCED, None)),
        (
            replace(NEW, item=SYNCED, wishes={1: Wish(MOVE, 2, NOON)}),
            None,
            (Shown.ON_ITS_WAY, None),
        ),
        (replace(NEW, item=copy(state=State.FILED)), None, (Shown.ON_ITS_WAY, None)),
        (
            replace(NEW, item=copy(state=State.SKIPPED, reason=Reason.MOVED_OUT)),
            None,
            (Shown.NEW, None),
        ),
        (
            replace(NEW, item=copy(state=State.SKIPPED, reason=Reason.DRAFT)),
            None,
            (Shown.DRAFT, None),
        ),
        (
            replace(NEW, head=mail(stamp="ms1-m-7"), is_in_folder=True),
            None,
            (Shown.MIRRORED, None),
        ),
    ],
)
def test_what_people_see_of_a_copy(
    copy: Copy, why_not: Reason | None, expected: tuple[Shown, Reason | None]
) -> None:
    assert shown(copy, why_not) == expected


@given(st.sampled_from(State), st.booleans())
def test_no_step_is_done_before_the_one_in_front_of_it(state: State, is_in_folder: bool) -> None:
    mine = Copy(head=mail(), is_in_folder=is_in_folder, item=copy(state=state))
    done = steps(mine, shown(mine, None)[0])
    order = [done.moved, done.read, done.filed, done.marked]
    assert order == sorted(order, reverse=True)
    assert (done == Steps(True, True, True, True)) == (state in {State.SYNCED, State.MIRRORED})


def test_never_list_and_meetings_cannot_be_synced_anyway() -> None:
    for reason in (Reason.NEVER_LIST, Reason.MEETING_REQUEST):
        assert abilities(Shown.SKIPPED, reason, None) == ()
    assert Can.CREATE_CONTACT in abilities(Shown.NEW, None, Forecast.NOBODY)


# --- where it goes --------------------------------------------------------------------------


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
        hinted_at=None,
        poll_due_at=None,
        push_doubted_at=None,
        subscription_id=None,
        client_state=None,
        subscription_expires_at=None,
    )


FOLDERS = [folder(Place.ROOT, "root"), folder(Place.SENT, "sent"), folder(Place.INBOX, "inbox")]


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        (["sent"], Place.SENT),
        (["2026", "sent", "root"], Place.SENT),
        (["inbox"], Place.INBOX),
        (["archive", "root"], Place.INBOX),
    ],
)
def test_sent_mail_goes_under_sent_items_and_all_else_under_the_inbox(
    above: list[str], expected: Place
) -> None:
    assert destination(FOLDERS, above).place is expected


def test_a_sender_goes_into_the_first_rule_with_room() -> None:
    full = SenderRule("r1", "x: senders", "f", tuple(f"{n}@x.example" for n in range(PACK)))
    part = SenderRule("r2", "x: senders 2", "f", ("a@x.example",))
    taken = with_sender([full, part], "b@x.example", folder_id="f", name="x")
    assert (taken.graph_id, taken.senders) == ("r2", ("a@x.example", "b@x.example"))
    made = with_sender([full], "b@x.example", folder_id="f", name="x")
    assert made == SenderRule("", "x: senders 2", "f", ("b@x.example",))


def test_what_needs_a_person_goes_before_what_mends_itself() -> None:
    assert standing(parked=1, on_the_way=1, is_troubled=True) is Standing.NEEDS_YOU
    assert standing(parked=0, on_the_way=0, is_troubled=True) is Standing.CATCHING_UP
    assert standing(parked=0, on_the_way=0, is_troubled=False) is Standing.CONNECTED
