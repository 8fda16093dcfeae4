"""Deaths and second workers at every boundary: each mail one Activity, each file one Document."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta

import pytest

from support.interleave import Death, die, worker
from support.scenario import BO, BOTH, FOLDER, KIM, Play
from webcrm_sync.engine.mirroring.plan import mirror
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

SEVERAL = (File("a.txt", b"first"), File("a.txt", b"second"), File("a.txt", b"third"))


def recover(play: Play) -> None:
    """Time enough for everything to come to its end."""
    for _ in range(2):
        play.settle()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_around_the_bulk_request_doubles_and_loses_nothing(
    play: Play, box: SimMailbox, moment: str
) -> None:
    item = play.drag(box, Mail("Once", BO, KIM))
    dying = worker(play, "webcrm", "write_activities", **{moment: die})
    with pytest.raises(Death):
        dying.look()
    recover(play)
    assert len(play.activities) == 1
    assert box.read(item).categories == BOTH


def test_search_that_lags_behind_a_slow_write_doubles_nothing(play: Play, box: SimMailbox) -> None:
    play.stage.crm.search_lag = timedelta(seconds=55)
    play.stage.faults.lose(
        service="webcrm", when=lambda m, p: (m, p) == ("PATCH", "/Activities"), limit=1
    )
    play.drag(box, Mail("Slow", BO, KIM))
    # webCRM takes half a minute to take the request, and the answer never comes.
    slow = worker(
        play,
        "webcrm",
        "write_activities",
        before=lambda: play.stage.clock.advance(timedelta(seconds=29)),
    )
    slow.look()
    for _ in range(30):
        play.wait(timedelta(seconds=5))
    assert len(play.activities) == 1


def test_two_workers_that_read_the_same_filings_send_them_once(play: Play, box: SimMailbox) -> None:
    items = [play.drag(box, Mail(f"Mail {n}", BO, KIM)) for n in range(3)]
    stalled = worker(play, "webcrm", "fields", before=play.look)
    stalled.context.metadata.ask = stalled.context.webcrm.fields
    stalled.context.metadata.fields = None
    stalled.look()
    recover(play)
    assert len(play.activities) == 3
    assert all(box.read(i).categories == BOTH for i in items)


@pytest.mark.parametrize("name", ["write_activities", "write_document"])
def test_worker_that_slept_after_its_intent_does_not_send_any_more(
    play: Play, box: SimMailbox, name: str
) -> None:
    item = play.drag(box, Mail("Asleep", BO, KIM, attachments=(File("a.txt", b"a"),)))
    asleep = worker(
        play, "webcrm", name, before=lambda: play.stage.clock.advance(timedelta(seconds=40))
    )
    asleep.look()
    recover(play)
    path = "/Activities" if name == "write_activities" else "/Documents"
    writes = [e for e in play.stage.journal.select("webcrm", path=path) if e.method != "GET"]
    assert len(writes) == 1
    assert (len(play.activities), len(play.documents)) == (1, 1)
    assert box.read(item).categories == BOTH


def test_second_look_that_is_late_does_not_undo_a_newer_intent(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, Mail("Looked for", BO, KIM))
    play.stage.faults.refuse(
        service="webcrm", when=lambda m, p: (m, p) == ("PATCH", "/Activities"), limit=1
    )
    play.look()
    play.wait(timedelta(seconds=3))
    play.stage.crm.search_lag = timedelta(seconds=30)
    play.stage.clock.advance(timedelta(seconds=60))
    slow = worker(play, "webcrm", "keyed_activities", after=play.look)
    slow.look()
    recover(play)
    assert len(play.activities) == 1
    assert box.read(item).categories == BOTH


@pytest.mark.parametrize("name", ["write_documents", "write_document"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_around_the_files_doubles_and_loses_none(
    play: Play, box: SimMailbox, name: str, moment: str
) -> None:
    big = File("big.bin", b"x" * 1_200_000)
    item = play.drag(box, Mail("Files", BO, KIM, attachments=(*SEVERAL, big)))
    dying = worker(play, "webcrm", name, **{moment: die})
    with pytest.raises(Death):
        dying.look()
    recover(play)
    assert sorted(contents(play)) == sorted([b"first", b"second", b"third", big.content])
    assert box.read(item).categories == BOTH


def test_files_of_one_name_are_told_apart_when_only_some_arrived(
    play: Play, box: SimMailbox
) -> None:
    files = (File("a.bin", b"1" * 1_200_000), File("a.bin", b"2" * 1_200_000))
    play.drag(box, Mail("Twins", BO, KIM, attachments=files))
    # The first one is written; of the second one the connection breaks before webCRM has it.
    first = worker(
        play,
        "webcrm",
        "write_document",
        after=lambda: play.stage.faults.refuse(
            service="webcrm", when=lambda m, p: (m, p) == ("POST", "/Documents"), limit=1
        ),
    )
    first.look()
    recover(play)
    assert sorted(contents(play)) == sorted(f.content for f in files)


def test_two_workers_that_read_the_same_files_write_them_once(play: Play, box: SimMailbox) -> None:
    play.drag(box, Mail("Files", BO, KIM, attachments=SEVERAL))
    stalled = worker(play, "graph", "save_attachment", before=play.look)
    stalled.look()
    recover(play)
    assert len(play.documents) == 3


def contents(play: Play) -> list[bytes]:
    """What webCRM's Documents hold."""
    return [b64decode(d["DocumentFile"]) for d in play.documents]


@pytest.fixture
def sender(play: Play) -> tuple[int, int]:
    """A user of webCRM and a Person to write to."""
    person = play.contact(BO)
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    play.rest()
    return user, person


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_around_the_mirror_makes_one_mail(
    play: Play, sender: tuple[int, int], moment: str
) -> None:
    box = play.mailbox()
    play.refresh()
    play.stage.crm.send_mail(*sender, "Order", "Thank you")
    dying = worker(play, "graph", "create_sent", **{moment: die})
    with pytest.raises(Death):
        dying.refresh()
    recover(play)
    assert len(box.messages(f"sentitems/{FOLDER}")) == 1


def test_two_workers_with_the_same_mirror_make_one_mail(
    play: Play, sender: tuple[int, int]
) -> None:
    box = play.mailbox()
    play.refresh()
    play.stage.crm.send_mail(*sender, "One", "Thank you")
    play.stage.crm.send_mail(*sender, "Two", "Thank you")
    stalled = worker(play, "graph", "create_sent", after=lambda: mirror(play.context))
    stalled.refresh()
    recover(play)
    assert len(box.messages(f"sentitems/{FOLDER}")) == 2
