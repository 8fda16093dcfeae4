"""What delta tells late, twice, in part or in the wrong order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from support.interleave import Death, die, worker
from support.scenario import BO, BOTH, FOLDER, KIM, Play
from webcrm_sync.core.errors import Gone, TryLater
from webcrm_sync.core.outlook import Change
from webcrm_sync.core.states import State
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

OLD = ("webCRM sync", "Synced")


@dataclass(slots=True)
class Telling:
    """Graph, but each line of a delta page is told as `retold` says."""

    client: Any
    retold: Any
    lost: int = 0

    def __getattr__(self, name: str) -> Any:
        """Every other call goes straight through."""
        return getattr(self.client, name)

    def page(self, *given: Any, **named: Any) -> Any:
        """The page, told otherwise."""
        page = self.client.page(*given, **named)
        return replace(page, changes=tuple(r for c in page.changes for r in self.retold(c)))

    def message(self, *given: Any) -> Any:
        """The mail, which Graph cannot find the first times."""
        if self.lost:
            self.lost -= 1
            raise Gone("ErrorItemNotFound")
        return self.client.message(*given)


def told(play: Play, retold: Any, *, lost: int = 0) -> Play:
    """The same play over a Graph that tells its changes otherwise."""
    graph: Any = Telling(play.context.graph, retold, lost)
    return Play(play.stage, replace(play.context, graph=graph), play.organisations)


def in_part(change: Change) -> list[Change]:
    """Id and version, nothing else."""
    return [replace(change, message=None, categories=None)]


def test_update_of_an_unknown_mail_that_graph_cannot_find_yet_is_not_lost(
    play: Play, box: SimMailbox
) -> None:
    item = play.drag(box, Mail("Late", BO, KIM))
    late = told(play, in_part, lost=2)
    late.look()
    for _ in range(5):
        late.wait(timedelta(seconds=20))
    assert box.read(item).categories == BOTH


def test_unknown_mail_that_is_gone_for_good_holds_nothing_up(play: Play, box: SimMailbox) -> None:
    play.drag(box, Mail("Never found", BO, KIM))
    late = told(play, in_part, lost=1000)
    late.look()
    for _ in range(6):
        late.wait(timedelta(seconds=30))
    fine = play.drag(box, Mail("Fine", BO, KIM))
    play.look()
    play.settle()
    assert box.read(fine).categories == BOTH


def test_line_told_twice_in_one_page_is_one_mail(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, Mail("Twice", BO, KIM))
    told(play, lambda c: [c, *in_part(c), c]).look()
    assert len(play.activities) == 1
    assert box.read(item).categories == BOTH


def test_mail_that_came_and_left_within_one_page_is_left_alone(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, Mail("Changed my mind", BO, KIM))

    def both(change: Change) -> list[Change]:
        if box.read(item).folder == FOLDER:
            box.move(item, "inbox")
        return [change, Change(change.graph_id, is_removed=True)]

    told(play, both).look()
    play.settle()
    assert play.activities == []
    assert box.read(item).categories == ()


def test_cursor_that_leads_nowhere_is_given_up(play: Play, box: SimMailbox) -> None:
    first = play.drag(box, Mail("First", BO, KIM))
    play.look()
    with play.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        for folder in mailboxes.folders(tx, watched.id):
            elsewhere = "https://graph.elsewhere.example/v1.0/delta?$deltatoken=x"
            mailboxes.set_folder(tx, folder.id, cursor=elsewhere)
    second = play.drag(box, Mail("Second", BO, KIM))
    play.look()
    play.settle()
    assert box.read(first).categories == box.read(second).categories == BOTH
    assert len(play.activities) == 2


def test_first_reading_cut_short_still_knows_the_past(play: Play) -> None:
    play.contact(BO)
    box = play.stage.outlook.add_mailbox(KIM, "Kim Nordwind")
    folder = box.make_folder("inbox", FOLDER)
    old = [box.put(Mail(f"Old {n}", BO, KIM, categories=OLD), folder) for n in range(120)]
    play.refresh()
    admin.add(play.context, admin.inspect(play.context, KIM))
    pages: list[str] = []

    def second(change: Change) -> list[Change]:
        pages.append(change.graph_id)
        if len(pages) == 60:
            die()
        return [change]

    with pytest.raises(Death):
        told(play, second).rest()
    play.stage.graph.expire_cursors()
    play.look()
    assert play.activities == []
    assert {play.item(box, i).state for i in old} == {State.SKIPPED}


def test_mail_deleted_and_restored_is_taken_up_again(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, Mail("Back", "who@nowhere.example", KIM))
    play.look()
    box.delete(item)
    play.look()
    assert play.item(box, item).state is State.SKIPPED
    box.move(item, f"inbox/{FOLDER}")
    play.contact("who@nowhere.example", "Late")
    play.refresh()
    assert len(play.under("Late")) == 1
    assert box.read(item).categories == BOTH


def test_mail_moved_between_our_own_folders_is_followed(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, Mail("There", "who@nowhere.example", KIM))
    play.look()
    box.move(item, f"sentitems/{FOLDER}")
    play.look()
    assert play.item(box, item).state is State.WAITING
    play.contact("who@nowhere.example", "Late")
    play.refresh()
    assert len(play.under("Late")) == 1


@pytest.mark.parametrize("long", ["message_id", "address"])
def test_overlong_names_hold_nothing_up(play: Play, box: SimMailbox, long: str) -> None:
    noise = "".join(f"{(n * 7919 + 13) % 65537:05x}" for n in range(1200))
    bad = Mail("Long", BO, KIM, message_id=f"<{noise}@x.example>")
    if long == "address":
        bad = Mail("Long", BO, (KIM, f"{noise}@x.example"))
    first = play.drag(box, bad)
    second = play.drag(box, Mail("Fine", BO, KIM))
    play.look()
    assert box.read(first).categories == box.read(second).categories == BOTH


def test_mailbox_removed_while_its_folder_is_read_leaves_nothing_behind(
    play: Play, box: SimMailbox
) -> None:
    play.drag(box, Mail("Too late", BO, KIM))
    worker(play, "graph", "page", after=lambda: _remove(play)).look()
    play.settle()
    assert play.activities == []
    with play.context.begin() as tx:
        assert mailboxes.all_mailboxes(tx) == []


def test_mailbox_removed_while_its_mails_are_sent_troubles_nobody(
    play: Play, box: SimMailbox
) -> None:
    eva = play.mailbox("eva@nordwind.example", "Eva")
    play.drag(box, Mail("Going", BO, KIM))
    fine = play.drag(eva, Mail("Staying", BO, "eva@nordwind.example"))
    worker(play, "webcrm", "write_activities", after=lambda: _remove(play)).look()
    play.settle()
    assert eva.read(fine).categories == BOTH
    assert len(play.activities) == 2


def test_mailbox_removed_while_outlook_is_in_trouble_is_gone_all_the_same(
    play: Play, box: SimMailbox
) -> None:
    folder = box.folder(f"inbox/{FOLDER}")
    box.add_rule("webCRM sync: Bo", actions={"moveToFolder": folder.id})
    own = box.add_rule("My own", actions={"moveToFolder": folder.id})
    play.stage.faults.unavailable(
        service="graph", when=lambda m, p: m == "DELETE" and "subscriptions" in p
    )
    with play.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        for one in mailboxes.folders(tx, watched.id):
            mailboxes.set_folder(tx, one.id, subscription_id=f"lost {one.id}")
    assert len(admin.remove(play.context, KIM)) == 2
    assert list(box.rules) == [own.id]
    back_off_mailbox(play.context, watched, TryLater("a job that was running"))
    play.rest()
    with play.context.begin() as tx:
        assert mailboxes.all_mailboxes(tx) == []


def _remove(play: Play) -> None:
    assert admin.remove(play.context, KIM) == []
