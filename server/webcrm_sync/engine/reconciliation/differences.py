"""Decides what differs between our rows, Outlook and webCRM. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from webcrm_sync.core.categories import has_mark
from webcrm_sync.core.crm import KeyedActivity
from webcrm_sync.core.identity import is_filing_key
from webcrm_sync.core.opportunities import Remedy, compare_opportunities
from webcrm_sync.core.outlook import Location
from webcrm_sync.core.states import mark_for
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.reconciliation import RecordedCopy


class Kind(StrEnum):
    """The kinds of differences."""

    UNKNOWN_MAIL = "unknown mail"
    NOT_IN_FOLDER = "not in the folder"
    CATEGORIES = "categories"
    STATE = "state"
    FOLDER = "folder"
    CURSOR = "cursor"
    PUSH = "push"
    REMOVED = "removed in webcrm"
    NO_ACTIVITY = "no activity"
    LOST_FILING = "lost filing"
    WRONG_ACTIVITY = "wrong activity"
    MOVED = "moved in webcrm"
    OPPORTUNITY = "opportunity changed in webcrm"
    OPPORTUNITY_LOST = "opportunity lost"
    TAKEN_AWAY = "taken away"
    EMPTIED = "emptied"
    NOT_EMPTIED = "not emptied"
    DOUBLE = "double"
    KEY_MISSING = "key missing"
    MOST_MISSING = "most missing"


#: What is wrong and, where a person must act, how to fix it.
SENTENCES: Mapping[Kind, str] = {
    Kind.UNKNOWN_MAIL: "A mail is in the folder that Outlook's list of changes never reported.",
    Kind.NOT_IN_FOLDER: "A mail that was recorded in the folder is elsewhere.",
    Kind.CATEGORIES: "A mail carried other categories than it should.",
    Kind.STATE: "A mail was stuck on its way.",
    Kind.FOLDER: "A sync folder is gone; it is found or made again.",
    Kind.CURSOR: "Outlook no longer knew our position in its list of changes.",
    Kind.PUSH: "Outlook had stopped reporting changes in a folder.",
    Kind.REMOVED: "An Activity was deleted in webCRM. Its mail is no longer Synced; it is "
    "filed again when somebody moves it out of the folder and in again.",
    Kind.NO_ACTIVITY: "A mail was marked Synced, but it is not in webCRM. It is filed "
    "when somebody moves it out of the folder and in again.",
    Kind.LOST_FILING: "An Activity with our key was in webCRM, but not in our records.",
    Kind.WRONG_ACTIVITY: "The wrong Activity was recorded for a mail.",
    Kind.MOVED: "An Activity was moved to another Organisation in webCRM. It stays there.",
    Kind.OPPORTUNITY: "An Activity's Opportunity was changed in webCRM. It stays so.",
    Kind.OPPORTUNITY_LOST: "An Activity was not under the Opportunity that its mail is filed "
    "under. It gets that Opportunity again.",
    Kind.TAKEN_AWAY: "A place of a mail was recorded that a person had taken away.",
    Kind.EMPTIED: "The only Activity of a mail was empty and marked withdrawn, although the mail "
    "is in the folder. It is filled again.",
    Kind.NOT_EMPTIED: "A person had taken a mail away, and its Activity still had its text. It is "
    "emptied now.",
    Kind.DOUBLE: "One mail has two Activities under one Organisation. Delete one in webCRM.",
    Kind.KEY_MISSING: "An Activity has lost its key in webCRM. Write it back into its field, or "
    "delete the Activity.",
    Kind.MOST_MISSING: "webCRM shows hardly any of our Activities. Check that the token belongs "
    "to the right webCRM; nothing was changed.",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `is_healed`: False if a person must act.

    `activities`: ids of the Activities concerned. `key`: to be written back to an Activity.
    """

    kind: Kind
    is_healed: bool = True
    message_id: str | None = None
    activities: tuple[int, ...] = ()
    key: str | None = None

    @property
    def sentence(self) -> str:
        """The difference in words for people."""
        return SENTENCES[self.kind]


@dataclass(frozen=True, slots=True)
class FolderProof:
    """One folder. `counts`: mails by state, skipped ones by reason; their sum is `in_folder`."""

    place: str
    in_folder: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MailboxProof:
    """One mailbox. `trouble`: why it could not be compared, None if it was.

    `is_paused`: an administrator has paused it, so it was left out.
    """

    address: str
    folders: tuple[FolderProof, ...] = ()
    differences: tuple[Difference, ...] = ()
    mirrors_removed: int = 0
    trouble: str | None = None
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class PageProof:
    """A page of webCRM's Activities. `next_id`: where the next page begins, None after the last.

    `keyed`: number with a key of ours. `others`: those among them whose mail we do not have.
    """

    next_id: int | None
    keyed: int = 0
    others: int = 0
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class WebcrmProof:
    """The comparison with webCRM: numbers of Activities with our key and of our filings.

    `others`: Activities whose mail is in no watched mailbox.
    """

    activities: int = 0
    filings: int = 0
    others: int = 0
    differences: tuple[Difference, ...] = ()
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Suspects:
    """Graph ids of copies that are read once more before they count as different.

    `strange`: listed, not in our rows. `missing`: the reverse. `unmarked`: without their mark.
    """

    strange: tuple[str, ...]
    missing: tuple[str, ...]
    unmarked: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """The Graph ids of all suspects."""
        return self.strange + self.missing + self.unmarked


def find_suspects(
    folder_id: int, listed: Mapping[str, Location], rows: Mapping[str, RecordedCopy]
) -> Suspects:
    """The copies whose listing contradicts our rows. `rows` must be read after `listed`."""
    here = {i for i, row in rows.items() if row.item.folder_id == folder_id}
    return Suspects(
        strange=tuple(i for i in listed if i not in here),
        missing=tuple(i for i in here if i not in listed),
        unmarked=tuple(i for i in here if i in listed and is_unmarked(rows[i], listed[i])),
    )


def is_unmarked(row: RecordedCopy, there: Location) -> bool:
    """True if the copy lacks the categories of its state and no marking is due."""
    mark = mark_for(row.item.state, row.item.reason)
    return mark is not None and not row.is_mark_due and not has_mark(there.categories, mark)


def count_by_state(
    listed: Mapping[str, Location], rows: Mapping[str, RecordedCopy]
) -> dict[str, int]:
    """Numbers of listed mails by state; those on the way are one number."""
    counts: dict[str, int] = {}
    for graph_id in listed:
        row = rows.get(graph_id)
        name = _name(row) if row else Kind.UNKNOWN_MAIL.value
        counts[name] = counts.get(name, 0) + 1
    return counts


def _name(row: RecordedCopy) -> str:
    item = row.item
    if not item.state.is_end:
        return "on the way"
    return f"{item.state.value}: {item.reason.value}" if item.reason else item.state.value


@dataclass(frozen=True, slots=True)
class PageFindings:
    """What a page of Activities says about our filings.

    `strangers`: Activities with a key of ours that no filing has. `unrecorded`: of filings that we
    recorded as unsent. `rivals`: with the key of a filing that has another Activity. `moved`: under
    another Organisation than recorded. `changed`, `lost`: under another Opportunity than recorded,
    because a person changed it or because our write is lost. `doubtful`: withdrawn by our rows and
    not by the Activity's subject, or the reverse. `absent`: filings whose Activity the page lacks.
    """

    strangers: tuple[KeyedActivity, ...]
    unrecorded: tuple[tuple[Filing, KeyedActivity], ...]
    rivals: tuple[tuple[Filing, KeyedActivity], ...]
    moved: tuple[tuple[Filing, KeyedActivity], ...]
    changed: tuple[tuple[Filing, KeyedActivity], ...]
    lost: tuple[tuple[Filing, KeyedActivity], ...]
    doubtful: tuple[tuple[Filing, KeyedActivity], ...]
    absent: tuple[Filing, ...]


def compare_page(
    page: Sequence[KeyedActivity], by_key: Mapping[str, Filing], expected: Sequence[Filing]
) -> PageFindings:
    """Compare a page with the filings that have its keys, and with those that it must contain."""
    ours = [a for a in page if is_filing_key(a.key)]
    known = [(by_key[a.key], a) for a in ours if a.key in by_key]
    listed = {(a.activity_id, a.key) for a in ours}
    own = [(f, a) for f, a in known if f.activity_id == a.activity_id]
    in_place = [
        (f, a) for f, a in own if f.organisation_id == a.organisation_id and not f.is_withdrawn
    ]
    return PageFindings(
        strangers=tuple(a for a in ours if a.key not in by_key),
        unrecorded=tuple((f, a) for f, a in known if f.activity_id is None and f.intent_at is None),
        rivals=tuple((f, a) for f, a in known if f.activity_id not in {None, a.activity_id}),
        moved=tuple((f, a) for f, a in own if f.organisation_id != a.organisation_id),
        changed=tuple((f, a) for f, a in in_place if _remedy(f, a) is Remedy.TAKE_OVER),
        lost=tuple((f, a) for f, a in in_place if _remedy(f, a) is Remedy.WRITE_AGAIN),
        doubtful=tuple((f, a) for f, a in own if f.is_withdrawn is not a.is_marked_withdrawn),
        absent=tuple(f for f in expected if (f.activity_id, f.key) not in listed),
    )


def _remedy(filing: Filing, activity: KeyedActivity) -> Remedy:
    return compare_opportunities(
        filing.opportunity_id,
        activity.opportunity_id,
        written_at=filing.opportunity_at,
        created_at=activity.created_at,
        updated_at=activity.updated_at,
    )
