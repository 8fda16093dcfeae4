"""Checks a history at rest: every mail is filed or not as it must be, recorded and marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from machine.history import STAMP, History
from machine.invariants import Standing, place_of
from machine.model import MailCopy, MailModel, belongs
from support.scenario import BOTH, FOLDER, PENDING


def check_final_state(history: History) -> None:
    """Check everything that holds at rest, then record the state for the next check."""
    folders = [_folders(history, number) for number in range(len(history.setup.boxes))]
    for letter in history.letters:
        if letter.kind != "mirror":
            here = [leaf for leaf in history.leaves if _lies_in(history, leaf, letter, folders)]
            _check_letter(history, letter, here)
    _check_outside(history, folders)
    _check_mirrors(history)
    history.rested = len(history.books) - 1


def _lies_in(history: History, leaf: MailCopy, letter: MailModel, folders: list[set[str]]) -> bool:
    item = history.item(leaf)
    return leaf.letter is letter and item is not None and item.folder.id in folders[leaf.box]


def _folders(history: History, number: int) -> set[str]:
    """The sync folders. Fails if one that must be watched is not."""
    found = history.sync_folders(number)
    box = history.box(number)
    root = box.child(box.root, FOLDER)
    assert len(found) >= 2, "a sync folder is missing"
    # A folder that was found here first stays the sync folder after it was moved away.
    is_taken = root is None or root.id in found or len(found) > 2
    assert is_taken, "the folder at the root is not watched"
    return found


def _check_letter(history: History, letter: MailModel, here: list[MailCopy]) -> None:
    standing = Standing.of(history, letter)
    where = frozenset(standing.places)
    _check_places(history, letter, standing)
    if letter.kind == "mail":
        _check_wanted(history, letter, here, standing)
    shown = BOTH if where else PENDING
    for leaf in here:
        item = history.item(leaf)
        assert item is not None
        ours = tuple(c for c in item.categories if c not in leaf.foreign)
        assert sorted(ours) == sorted(shown), f"{letter.subject} shows {ours} instead of {shown}"
    _check_files(history, letter, here, standing)
    if here and not standing.all:
        letter.since = len(history.books) - 1
    for activity in standing.all:
        letter.places[activity["ActivityId"]] = place_of(activity)


def _check_places(history: History, letter: MailModel, standing: Standing) -> None:
    """Check that the mail is filed only where it belongs or a person put it."""
    tine = history.setup.organisations["Tine"]
    places = {place_of(a) for a in standing.all}
    assert letter.since is not None or not places, "a mail was filed that was in no sync folder"
    since = letter.since or 0
    fits = [belongs(letter, book, tine) or frozenset() for book in history.books[since:]]
    allowed = letter.offered.union(*fits)
    assert places <= allowed, f"{letter.subject} stands under {places - allowed}"
    for activity in standing.all:
        before = letter.places.get(activity["ActivityId"])
        now = place_of(activity)
        assert before in {None, now} or now in letter.offered, "an Activity was moved"
    gone = letter.places.keys() - {a["ActivityId"] for a in standing.all}
    assert not gone, f"Activities of {letter.subject} are gone"
    if not letter.offered and places and letter.is_fit:
        # The engine notices a deletion early or late: contacts of several states may coexist.
        is_known = frozenset(places) in fits or history.was_deleted
        assert is_known, f"{letter.subject} stands under {places}, not {fits}"
        certain = frozenset.intersection(*fits)
        if history.was_deleted:
            mixed = frozenset.union(*history.books[since:])
            certain &= belongs(letter, mixed, tine) or frozenset()
        assert certain <= places, f"{letter.subject}: {places}, not {fits}"


def _check_wanted(
    history: History, letter: MailModel, here: list[MailCopy], standing: Standing
) -> None:
    """Check that the mail is filed if it must be, and not if it must not."""
    where = set(standing.places)
    if not letter.was_undone:
        assert not standing.withdrawn, "taken back by nobody"
    if letter.chosen is not None and here:
        assert letter.chosen in where, f"{letter.subject} was put under {letter.chosen}: {where}"
    if letter.undone is True and not here:
        assert not where, "was taken back and stands all the same"
        assert not [a for a in standing.withdrawn if a.get("ActivityMemo")], "still has its words"
    now = belongs(letter, history.books[-1], history.setup.organisations["Tine"])
    if here and now and letter.is_fit:
        assert where, f"{letter.subject} belongs under {now} and is not there"


def _check_files(
    history: History, letter: MailModel, here: list[MailCopy], standing: Standing
) -> None:
    count = Counter(
        (d["DocumentLinkedEntityId"], d["DocumentFileName"])
        for d in history.setup.sandbox.crm.documents
    )
    assert all(number == 1 for number in count.values()), "a file is there twice"
    for activity in standing.full:
        number = sum(1 for activity_id, _ in count if activity_id == activity["ActivityId"])
        assert number <= letter.files
        assert number == letter.files or not here, f"files of {letter.subject} are missing"


def _check_outside(history: History, folders: list[set[str]]) -> None:
    """Check that copies outside the sync folders are not marked as waiting."""
    for leaf in history.leaves:
        item = history.item(leaf)
        if item is None or item.folder.id in folders[leaf.box] or leaf.is_ours_taken:
            continue
        if leaf.was_in:
            assert "Not synced" not in item.categories, f"{leaf.letter.subject} has left"
        else:
            assert tuple(item.categories) == leaf.foreign, "a mail elsewhere was touched"


def _check_mirrors(history: History) -> None:
    """Check that each mail sent from webCRM has one mirror, with one of its subjects."""
    for sending in history.sendings:
        made = list(_mirrors(history, sending.letter))
        assert len(made) <= 1, "two mirrors of one mail"
        assert made or sending.may_fail, f"no mirror of {sending.subjects}"
        items = [item for leaf in made if (item := history.item(leaf))]
        assert all(item.subject in sending.subjects for item in items)
    stamps = {v for box in history.setup.boxes for i in box.items() for v in i.properties.values()}
    sent = {f"{STAMP}{s.activity_id}" for s in history.sendings}
    assert {s for s in stamps if s.startswith(STAMP)} <= sent


def _mirrors(history: History, letter: MailModel) -> Iterator[MailCopy]:
    return (x for x in history.leaves if x.letter is letter and not x.is_ours_taken)
