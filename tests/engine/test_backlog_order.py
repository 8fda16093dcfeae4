"""A move by hand overtakes a backlog by construction: rounds are counted here, not seconds."""

from __future__ import annotations

import json

from sqlalchemy import text

from support.interleave import worker
from support.processes import until
from support.scenario import BO, FOLDER, KIM, Play
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.engine.filing.batch import BULK
from webcrm_sync.engine.filing.job import file
from webcrm_sync.engine.marking import BATCH, mark
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.journal import Exchange
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_FRESH = "Moved just now"
_FILES = (File("plan.pdf", b"%PDF"),)
_INTENDED = "SELECT count(*) FROM filing WHERE intent_at IS NOT NULL"
_FILED = "SELECT count(*) FROM filing WHERE activity_id IS NOT NULL"


def _backlog(play: Play, count: int) -> SimMailbox:
    """So many mails were found, none is filed."""
    play.contact()
    box = play.mailbox()
    for number in range(count):
        box.move(box.deliver(Mail(f"Old {number}", BO, KIM)), f"inbox/{FOLDER}")
    _take_up(play)
    return box


def _take_up(play: Play) -> None:
    with play.context.begin() as tx:
        (box,) = mailboxes.all_mailboxes(tx)
        mailboxes.request_read(tx, [f.id for f in mailboxes.folders(tx, box.id)])
    discover(play.context, box.id)


def _fresh(play: Play, box: SimMailbox) -> None:
    box.move(box.deliver(Mail(_FRESH, BO, KIM)), f"inbox/{FOLDER}")
    _take_up(play)


def _after_the_second(play: Play) -> Play:
    """A worker that does not send its first bulk before the second one is ready."""
    return worker(
        play,
        "webcrm",
        "write_activities",
        before=lambda: until(lambda: _count(play, _INTENDED) == 2 * BULK, "the second bulk"),
    )


def _bodies(play: Play, path: str, method: str) -> list[str]:
    found: list[Exchange] = play.stage.journal.select(method=method, path=path)
    return [e.request_body.decode() for e in found]


def test_fresh_move_is_filed_with_the_second_bulk_after_it_was_found(play: Play) -> None:
    box = _backlog(play, 4 * BULK)
    busy = worker(play, "webcrm", "write_activities", before=lambda: _fresh(play, box))
    file(busy.context)
    bulks = _bodies(play, "/Activities", "PATCH")
    assert [len(json.loads(b)) for b in bulks[:4]] == [BULK] * 4
    # It was found while the first was on its way and the second was decided already.
    assert next(n for n, b in enumerate(bulks) if _FRESH in b) <= 2


def test_next_bulk_is_ready_before_this_one_is_answered(play: Play) -> None:
    _backlog(play, 2 * BULK)
    file(_after_the_second(play).context)
    assert len(play.activities) == 2 * BULK


def test_answers_are_recorded_while_the_next_bulk_is_on_its_way(play: Play) -> None:
    _backlog(play, 2 * BULK)

    def at_the_second() -> None:
        until(lambda: _count(play, _FILED) == BULK, "the first bulk's Activities")

    def at_the_first() -> None:
        busy.parts.webcrm.before = at_the_second  # type: ignore[attr-defined]  # see meanwhile.Around

    busy = worker(play, "webcrm", "write_activities", before=at_the_first)
    file(busy.context)
    assert _count(play, _FILED) == len(play.activities) == 2 * BULK


def test_bulk_that_was_ready_is_given_back_when_the_one_before_it_fails(play: Play) -> None:
    _backlog(play, 2 * BULK)
    play.stage.faults.refuse("webcrm", when=lambda method, _: method == "PATCH", limit=1)
    file(_after_the_second(play).context)
    assert _count(play, _INTENDED) == BULK  # only what may have been written is looked for
    play.settle()
    assert len(play.activities) == 2 * BULK


def test_fresh_move_does_not_wait_for_attachments_that_are_being_read(play: Play) -> None:
    play.contact()
    box = play.mailbox()
    play.refresh()
    box.move(box.deliver(Mail("Large", BO, KIM, attachments=_FILES)), f"inbox/{FOLDER}")
    _take_up(play)

    def move() -> None:
        _fresh(play, box)
        until(lambda: _count(play, _FILED) == 2, "the fresh mail's Activity")

    file(worker(play, "graph", "save_attachment", before=move).context)
    assert len(play.documents) == 1


def _count(play: Play, query: str) -> int:
    with play.context.begin() as tx:
        found = tx.connection.scalar(text(query))
    assert isinstance(found, int)
    return found


def test_fresh_move_is_marked_with_the_next_batch(play: Play) -> None:
    box = _backlog(play, 3 * BATCH)
    file(play.context)

    def move() -> None:
        _fresh(play, box)
        file(play.context)

    (watched,) = {play.item(box, v.id).mailbox_id for v in box.messages(f"inbox/{FOLDER}")}
    mark(worker(play, "graph", "mark", before=move).context, watched)
    (fresh,) = [v.id for v in box.messages(f"inbox/{FOLDER}") if v.subject == _FRESH]
    batches = [b for b in _bodies(play, "$batch", "POST") if "PATCH" in b]
    assert [fresh.rstrip("=") in b for b in batches].index(True) == 1


def test_a_filing_may_go_while_its_attachments_are_listed(play: Play) -> None:
    """Its mail was moved out before anything was sent: the turn goes on for the others."""
    play.contact()
    box = play.mailbox()
    play.refresh()
    gone = play.drag(box, Mail("Moved out again", BO, KIM, attachments=_FILES))
    _take_up(play)

    def leave() -> None:
        box.move(gone, "inbox")
        _take_up(play)

    busy = worker(play, "graph", "attachments", before=leave)
    file(busy.context)
    _fresh(play, box)
    file(busy.context)
    assert [a["ActivityDescription"] for a in play.activities] == [_FRESH]
