"""What the pane shows of a mail, decided from what is known of its copy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from webcrm_sync.core.identity import Stamp
from webcrm_sync.core.message import Message, Party
from webcrm_sync.core.states import OVERRULED, Reason, State
from webcrm_sync.store.emails import Email, Item
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.sync_requests import ActivityUpdate, SyncRequest


class DisplayStatus(StrEnum):
    """The states that people see."""

    NEW = "new"
    ON_ITS_WAY = "on_its_way"
    SYNCED = "synced"
    WAITING = "waiting"
    PARKED = "parked"
    SKIPPED = "skipped"
    MIRRORED = "mirrored"
    DRAFT = "draft"


class Forecast(StrEnum):
    """What would become of a mail that is not in webCRM yet."""

    KNOWN = "known"
    NOBODY = "nobody"
    SEVERAL = "several"


class Origin(StrEnum):
    """How a mail came to be synced."""

    BUTTON = "button"
    HAND = "hand"
    RULE = "rule"
    WEBCRM = "webcrm"


class Action(StrEnum):
    """What a person can do with the mail now."""

    SYNC = "sync"
    ANYWAY = "anyway"
    RETRY = "retry"
    CHOOSE = "choose"
    CHANGE = "change"
    UNDO = "undo"
    CREATE_CONTACT = "create_contact"


class MatchEvidence(StrEnum):
    """What points at an Organisation."""

    CONTACT = "contact"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class TargetView:
    """One Organisation the mail stands under, or will. `link` None = none is configured.

    `organisation_id` 0 and no name: it stands in webCRM, but under no Organisation.
    """

    organisation_id: int
    organisation: str
    link: str | None
    person: str | None
    address: str | None
    activity_id: int | None


@dataclass(frozen=True, slots=True)
class WithdrawnActivity:
    """An entry that webCRM keeps of a mail that was taken back, empty once `is_told`."""

    organisation_id: int
    organisation: str
    link: str | None
    is_told: bool


@dataclass(frozen=True, slots=True)
class OtherCopyStatus:
    """How the mail stands by other copies of it. `by`: whose doing that is, None = not known."""

    state: DisplayStatus
    by: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One Organisation that could be meant. `who`: the contact or domain that points at it."""

    organisation_id: int
    organisation: str
    why: MatchEvidence
    who: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The four steps of a mail's way, each True once it is done."""

    moved: bool = False
    read: bool = False
    filed: bool = False
    marked: bool = False


@dataclass(frozen=True, slots=True)
class MailState:
    """Everything that is shown of one mail. `by`: a name, never an address."""

    state: DisplayStatus
    reason: Reason | None = None
    detail: str | None = None
    forecast: Forecast | None = None
    targets: tuple[TargetView, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    addresses: tuple[str, ...] = ()
    steps: Progress = Progress()
    at: datetime | None = None
    took_seconds: float | None = None
    way: Origin | None = None
    by: str | None = None
    can: tuple[Action, ...] = ()
    sender: Party | None = None
    always_sync: bool = False
    withdrawn: tuple[WithdrawnActivity, ...] = ()
    elsewhere: OtherCopyStatus | None = None


#: In a list of mails: one that is not in the mailbox.
NOT_FOUND = MailState(DisplayStatus.NEW, detail="This mail was not found in your own mailbox.")

_LEFT = frozenset({Reason.MOVED_OUT, Reason.DELETED})
_SAME = {
    State.WAITING: DisplayStatus.WAITING,
    State.PARKED: DisplayStatus.PARKED,
    State.MIRRORED: DisplayStatus.MIRRORED,
}


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """What is known of one copy. `item`, `email` None = not met; `head` None = not asked for.

    `filings`: of its mail, which other copies may have brought into webCRM, see `elsewhere`.
    `wishes`: by filing id, what webCRM is still to be told.
    """

    head: Message
    is_in_folder: bool
    item: Item | None = None
    email: Email | None = None
    filings: tuple[Filing, ...] = ()
    wishes: Mapping[int, ActivityUpdate] | None = None
    press: SyncRequest | None = None
    is_by_rule: bool = False
    elsewhere: OtherCopyStatus | None = None

    @property
    def is_filed_elsewhere(self) -> bool:
        """True for a copy beside the one by which its mail is in webCRM."""
        return self.elsewhere is not None and self.elsewhere.state is DisplayStatus.SYNCED

    @property
    def met(self) -> Item | None:
        """The item, unless the copy has left the folder since, before it came to an end."""
        has_left = self.item and self.item.state is State.SKIPPED and self.item.reason in _LEFT
        return None if has_left else self.item

    @property
    def mirrored(self) -> int | None:
        """The Activity that this copy mirrors, None = it is no mirror."""
        stamp = Stamp.parse(self.head.stamp)
        return int(stamp.value) if stamp and stamp.kind == "m" else None

    @property
    def standing(self) -> tuple[Filing, ...]:
        """The filings that nobody took back."""
        return tuple(f for f in self.filings if not f.is_withdrawn)


def decide_status(
    copy: CopyFacts, exclusion_reason: Reason | None
) -> tuple[DisplayStatus, Reason | None]:
    """The state that people see. `exclusion_reason`: why an unknown mail would be left out."""
    item = copy.met
    if item is None:
        return _before(copy, exclusion_reason)
    if item.state is State.SKIPPED:
        is_draft = item.reason is Reason.DRAFT
        return (DisplayStatus.DRAFT, None) if is_draft else (DisplayStatus.SKIPPED, item.reason)
    if item.state is State.SYNCED:
        return (DisplayStatus.ON_ITS_WAY if copy.wishes else DisplayStatus.SYNCED), None
    if item.state in _SAME:
        return _SAME[item.state], item.reason
    return DisplayStatus.ON_ITS_WAY, None


def _before(
    copy: CopyFacts, exclusion_reason: Reason | None
) -> tuple[DisplayStatus, Reason | None]:
    if copy.head.is_draft:
        return DisplayStatus.DRAFT, None
    if copy.mirrored:
        return DisplayStatus.MIRRORED, None
    if copy.is_in_folder:
        return DisplayStatus.ON_ITS_WAY, None
    if copy.is_filed_elsewhere and exclusion_reason in OVERRULED:
        return DisplayStatus.NEW, None
    return (
        (DisplayStatus.SKIPPED, exclusion_reason) if exclusion_reason else (DisplayStatus.NEW, None)
    )


def decide_progress(copy: CopyFacts, state: DisplayStatus) -> Progress:
    """The steps that are done."""
    item = copy.met
    if state is DisplayStatus.MIRRORED:
        return Progress(moved=True, read=True, filed=True, marked=True)
    if state in {DisplayStatus.NEW, DisplayStatus.DRAFT} or (
        item is None and not copy.is_in_folder
    ):
        return Progress()
    if item is None:
        return Progress(moved=True)
    is_filed = item.state in {State.FILED, State.SYNCED} and not copy.wishes
    return Progress(
        moved=True,
        read=True,
        filed=is_filed,
        marked=is_filed and item.state is not State.FILED,
    )


#: What can be done in a state, whatever the reason, and for one reason only.
_ABILITIES: Mapping[tuple[DisplayStatus, Reason | None], tuple[Action, ...]] = {
    (DisplayStatus.NEW, None): (Action.SYNC, Action.CHOOSE),
    (DisplayStatus.SYNCED, None): (Action.CHANGE, Action.UNDO),
    (DisplayStatus.WAITING, None): (Action.CREATE_CONTACT, Action.CHOOSE),
    (DisplayStatus.PARKED, None): (Action.RETRY,),
    (DisplayStatus.PARKED, Reason.AMBIGUOUS): (Action.CHOOSE,),
    (DisplayStatus.SKIPPED, Reason.SYNCED_BEFORE): (Action.ANYWAY,),
    (DisplayStatus.SKIPPED, Reason.REMOVED_IN_WEBCRM): (Action.ANYWAY,),
    (DisplayStatus.SKIPPED, Reason.ONLY_COLLEAGUES): (Action.CHOOSE,),
    (DisplayStatus.SKIPPED, Reason.NO_ADDRESS): (Action.CHOOSE,),
}


def allowed_actions(
    state: DisplayStatus,
    reason: Reason | None,
    *,
    is_nobody_known: bool,
    is_filed_elsewhere: bool = False,
) -> tuple[Action, ...]:
    """What a person can do with a mail in this state, the first thing first.

    A contact can be created while none of the mail's people is one.
    """
    if state is DisplayStatus.NEW and is_filed_elsewhere:
        return (Action.SYNC,)
    found = _ABILITIES.get((state, reason)) or _ABILITIES.get((state, None), ())
    if state is DisplayStatus.NEW and is_nobody_known:
        return (*found, Action.CREATE_CONTACT)
    return found if is_nobody_known else tuple(c for c in found if c is not Action.CREATE_CONTACT)


def decide_origin(copy: CopyFacts, state: DisplayStatus) -> Origin | None:
    """How the mail came into the folder, None while it is not there."""
    if state is DisplayStatus.MIRRORED:
        return Origin.WEBCRM
    if copy.met is None and not copy.is_in_folder:
        return None
    if copy.press:
        return Origin.BUTTON
    return Origin.RULE if copy.is_by_rule else Origin.HAND


def sync_duration_s(copy: CopyFacts, state: DisplayStatus) -> float | None:
    """How long it took from the press, or from when it was found, until both categories stood."""
    item = copy.met
    if item is None or state is not DisplayStatus.SYNCED:
        return None
    begun = item.found_at
    if copy.press and copy.press.pressed_at <= item.state_at:
        begun = copy.press.pressed_at
    return round((item.state_at - begun).total_seconds(), 1)
