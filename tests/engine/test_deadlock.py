"""Two workers that change the same copies at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from play import KIM, LIS, Play
from running import until
from webcrm_sync.core.states import State
from webcrm_sync.engine.directory import refresh_directory
from webcrm_sync.engine.discover import discover
from webcrm_sync.engine.file import file
from webcrm_sync.engine.mark import mark
from webcrm_sync.sandbox.outlook.mail import Mail
from webcrm_sync.store import mailboxes

_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def are_blocked(play: Play, number: int) -> bool:
    """True when so many transactions wait for a lock."""
    with play.parts.begin() as tx:
        return bool(tx.connection.scalar(text(_WAITING)) >= number)


@pytest.fixture
def waiting(play: Play) -> tuple[Play, int, list[str]]:
    """Two mails of a stranger, found one after the other, and no way to mark them."""
    play.contact()
    box = play.mailbox()
    play.refresh()
    items = []
    for number in range(2):
        items.append(play.drag(box, Mail(f"Mail {number}", LIS, KIM)))
        play.stage.graph.dials.refused.update(items)
        with play.parts.begin() as tx:
            (watched,) = mailboxes.all_mailboxes(tx)
            mailboxes.hint(tx, [f.id for f in mailboxes.folders(tx, watched.id)])
        discover(play.parts, watched.id)
        file(play.parts)
    return play, watched.id, items


def test_marks_noted_while_contacts_appear_do_not_deadlock(
    waiting: tuple[Play, int, list[str]],
) -> None:
    play, mailbox_id, items = waiting
    play.contact(LIS, "Skovby")
    play.stage.clock.advance(timedelta(seconds=61))
    with ThreadPoolExecutor(2) as workers:
        with play.parts.begin() as tx:
            tx.connection.execute(text("SELECT id FROM item ORDER BY id LIMIT 1 FOR UPDATE"))
            waking = workers.submit(refresh_directory, play.parts)
            until(lambda: are_blocked(play, 1), "the directory to wait for the first mail")
            noting = workers.submit(mark, play.parts, mailbox_id)
            until(lambda: are_blocked(play, 2), "the marks to wait too")
        waking.result()
        noting.result()
    (box,) = play.stage.outlook.mailboxes
    assert {play.item(box, item).state for item in items} == {State.FOUND}
