"""Two steps that change the same copies at the same moment, each in an order of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from play import BO, KIM, Play
from webcrm_sync.core.outlook import Change
from webcrm_sync.engine.record import Facts, Recording
from webcrm_sync.sandbox.outlook.mail import Mail
from webcrm_sync.store import mailboxes, marks
from webcrm_sync.store.emails import Item

_COPIES, _ROUNDS = 40, 25


def _copies(play: Play) -> Sequence[Item]:
    play.contact()
    box = play.mailbox()
    moved = [play.drag(box, Mail(f"Mail {n}", BO, KIM)) for n in range(_COPIES)]
    play.look()
    return [play.item(box, item) for item in moved]


def _side_by_side(*steps: Callable[[int], None]) -> None:
    barrier = threading.Barrier(len(steps), timeout=30)

    def run(step: Callable[[int], None]) -> None:
        for number in range(_ROUNDS):
            barrier.wait()
            step(number)

    with ThreadPoolExecutor(len(steps)) as pool:
        for done in [pool.submit(run, step) for step in steps]:
            done.result()


def test_marks_and_a_reading_of_the_same_mailbox_do_not_deadlock(play: Play) -> None:
    copies = _copies(play)
    with play.parts.begin() as tx:
        box = mailboxes.find_mailbox(tx, KIM)
        assert box is not None
        internals = mailboxes.internals(tx, frozenset())
        folder = next(f for f in mailboxes.folders(tx, box.id) if f.id == copies[0].folder_id)

    def read(number: int) -> None:
        changes = tuple(Change(c.graph_id, change_key=f"version {number}") for c in copies)
        with play.parts.begin() as tx:
            recording = Recording(tx, box, folder, internals, play.parts.tenant_id)
            recording.record(changes, Facts({}, {}))

    def mark(number: int) -> None:
        newest_first = list(reversed(copies))
        with play.parts.begin() as tx:
            marks.hold(tx, newest_first)
            marks.note(tx, [marks.Written(c.id, f"ours {number}", (), None) for c in newest_first])
            marks.settle(tx, newest_first)

    _side_by_side(read, mark)
