"""Checks a history when all work is done: each mail is filed, recorded and marked as expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from machine.history import STAMP, History
from machine.invariants import MailActivities, organisation_of
from machine.model import MailCopy, MailModel, matched_organisations
from machine.parts import left_out_files
from support.scenario import BOTH, FOLDER, PENDING


def check_final_state(history: History) -> None:
    """Check everything that holds when all work is done; record the state for the next check."""
    folders = [_checked_sync_folders(history, number) for number in range(len(history.setup.boxes))]
    for mail in history.mails:
        if mail.kind != "mirror":
            here = [copy for copy in history.copies if _is_in_folder(history, copy, mail, folders)]
            _check_mail(history, mail, here)
    _check_outside(history, folders)
    _check_mirrors(history)
    history.last_checked = len(history.contact_states) - 1


def check_all_filed(history: History) -> None:
    """Check that no mail was lost and none is there twice, whichever installation filed it."""
    folders = [history.sync_folders(number) for number in range(len(history.setup.boxes))]
    tine = history.setup.organisations["Tine"]
    for mail in history.mails:
        here = [copy for copy in history.copies if _is_in_folder(history, copy, mail, folders)]
        activities = MailActivities.of(history, mail)
        wanted = matched_organisations(mail, history.contact_states[-1], tine)
        is_certain = not (mail.was_undone or history.is_mistakable(mail))
        if here and wanted and mail.is_fileable and is_certain:
            assert activities.filed, f"{mail.subject} is not filed, but matches {wanted}"
    _check_mirrors(history)


def _is_in_folder(
    history: History, copy: MailCopy, mail: MailModel, folders: list[set[str]]
) -> bool:
    item = history.item(copy)
    return copy.mail is mail and item is not None and item.folder.id in folders[copy.box]


def _checked_sync_folders(history: History, number: int) -> set[str]:
    """The ids of a mailbox's sync folders. Fails if a folder that must be watched is not."""
    found = history.sync_folders(number)
    box = history.box(number)
    root = box.child(box.root, FOLDER)
    assert len(found) >= 2, "a sync folder is missing"
    # A folder that was adopted at the root stays a sync folder after it was moved away.
    is_watched = root is None or root.id in found or len(found) > 2
    assert is_watched, "the folder at the root is not watched"
    return found


def _check_mail(history: History, mail: MailModel, here: list[MailCopy]) -> None:
    activities = MailActivities.of(history, mail)
    where = frozenset(activities.organisations)
    _check_places(history, mail, activities)
    if mail.kind == "mail":
        _check_wanted(history, mail, here, activities)
    shown = BOTH if where else PENDING
    for copy in here:
        item = history.item(copy)
        assert item is not None
        ours = tuple(c for c in item.categories if c not in copy.foreign)
        assert sorted(ours) == sorted(shown), f"{mail.subject} shows {ours} instead of {shown}"
    _check_files(history, mail, here, activities)
    if here and not activities.all:
        mail.since = len(history.contact_states) - 1
    for activity in activities.all:
        mail.organisations[activity["ActivityId"]] = organisation_of(activity)


def _check_places(history: History, mail: MailModel, activities: MailActivities) -> None:
    """Check that the mail is filed only under Organisations that match or that a person chose."""
    tine = history.setup.organisations["Tine"]
    places = {organisation_of(a) for a in activities.all}
    assert mail.since is not None or not places, "a mail was filed that was never in a sync folder"
    since = mail.since or 0
    states = history.contact_states[since:]
    matched = [matched_organisations(mail, contacts, tine) or frozenset() for contacts in states]
    allowed = mail.offered.union(*matched)
    assert places <= allowed, f"{mail.subject} is filed under {places - allowed}"
    for activity in activities.all:
        before = mail.organisations.get(activity["ActivityId"])
        now = organisation_of(activity)
        assert before in {None, now} or now in mail.offered, "an Activity was moved"
    gone = mail.organisations.keys() - {a["ActivityId"] for a in activities.all}
    assert not gone, f"Activities of {mail.subject} are gone"
    if not mail.offered and places and mail.is_fileable:
        # The engine notices a deletion early or late: contacts of several states may coexist.
        is_known = frozenset(places) in matched or history.has_ever_deleted_contact
        assert is_known, f"{mail.subject} is filed under {places}, not {matched}"
        certain = frozenset.intersection(*matched)
        if history.has_ever_deleted_contact:
            mixed = frozenset.union(*history.contact_states[since:])
            certain &= matched_organisations(mail, mixed, tine) or frozenset()
        assert certain <= places, f"{mail.subject}: {places}, not {matched}"


def _check_wanted(
    history: History, mail: MailModel, here: list[MailCopy], activities: MailActivities
) -> None:
    """Check that the mail is filed if it must be, and not if it must not."""
    where = set(activities.organisations)
    if not (mail.was_undone or mail.was_edited):
        assert not activities.withdrawn, "withdrawn, but nobody pressed Undo"
    if mail.chosen is not None and here:
        assert mail.chosen in where, (
            f"{mail.subject} must be filed under {mail.chosen}, not {where}"
        )
    if mail.undone is True and not here:
        assert not where, "still filed after Undo"
        assert not [a for a in activities.withdrawn if a.get("ActivityMemo")], (
            "a withdrawn Activity keeps its memo"
        )
    tine = history.setup.organisations["Tine"]
    now = matched_organisations(mail, history.contact_states[-1], tine)
    if here and now and mail.is_fileable:
        assert where, f"{mail.subject} is not filed, but matches {now}"


def _check_files(
    history: History, mail: MailModel, here: list[MailCopy], activities: MailActivities
) -> None:
    count = Counter(
        (d["DocumentLinkedEntityId"], d["DocumentFileName"])
        for d in history.setup.sandbox.crm.documents
    )
    assert all(number == 1 for number in count.values()), "a file was written twice"
    for activity in activities.filed:
        number = sum(1 for activity_id, _ in count if activity_id == activity["ActivityId"])
        number += left_out_files(str(activity.get("ActivityMemo") or ""))
        assert number <= mail.files
        assert number == mail.files or not here, f"files of {mail.subject} are missing"


def _check_outside(history: History, folders: list[set[str]]) -> None:
    """Check that copies outside the sync folders are not marked as waiting."""
    for copy in history.copies:
        item = history.item(copy)
        if item is None or item.folder.id in folders[copy.box] or copy.is_duplicate:
            continue
        if copy.was_in_sync_folder:
            assert "Not synced" not in item.categories, f"{copy.mail.subject} has left its folder"
        else:
            assert tuple(item.categories) == copy.foreign, (
                "a mail outside the sync folders was changed"
            )


def _check_mirrors(history: History) -> None:
    """Check that each mail sent from webCRM has one mirror, with one of its subjects."""
    for sent_mail in history.sent_mails:
        mirrors = list(_mirrors(history, sent_mail.mail))
        assert len(mirrors) <= 1, "two mirrors of one mail"
        assert mirrors or sent_mail.may_fail, f"no mirror of {sent_mail.subjects}"
        items = [item for copy in mirrors if (item := history.item(copy))]
        assert all(item.subject in sent_mail.subjects for item in items)
    stamps = {v for box in history.setup.boxes for i in box.items() for v in i.properties.values()}
    sent = {f"{STAMP}{s.activity_id}" for s in history.sent_mails}
    assert {s for s in stamps if s.startswith(STAMP)} <= sent


def _mirrors(history: History, mail: MailModel) -> Iterator[MailCopy]:
    return (x for x in history.copies if x.mail is mail and not x.is_duplicate)
