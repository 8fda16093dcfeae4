"""What the pane shows of a mail, decided from what is known of its copy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from webcrm_sync.core.filing import Stamp
from webcrm_sync.core.message import Message, Party
from webcrm_sync.core.states import OVERRULED, Reason, State
from webcrm_sync.store.emails import Email, Item
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.sync_requests import Press, Wish


class Shown(StrEnum):
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


class Way(StrEnum):
    """How a mail came to be synced."""

    BUTTON = "button"
    HAND = "hand"
    RULE = "rule"
    WEBCRM = "webcrm"


class Can(StrEnum):
    """What a person can do with the mail now."""

    SYNC = "sync"
    ANYWAY = "anyway"
    RETRY = "retry"
    CHOOSE = "choose"
    CHANGE = "change"
    UNDO = "undo"
    CREATE_CONTACT = "create_contact"


class Why(StrEnum):
    """What points at an Organisation."""

    CONTACT = "contact"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class Where:
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
class Withdrawn:
    """An entry that webCRM keeps of a mail that was taken back, empty once `is_told`."""

    organisation_id: int
    organisation: str
    link: str | None
    is_told: bool


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """How the mail stands by other copies of it. `by`: whose doing that is, None = not known."""

    state: Shown
    by: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One Organisation that could be meant. `who`: the contact or domain that points at it."""

    organisation_id: int
    organisation: str
    why: Why
    who: str


@dataclass(frozen=True, slots=True)
class Steps:
    """The four steps of a mail's way, each True once it is done."""

    moved: bool = False
    read: bool = False
    filed: bool = False
    marked: bool = False


@dataclass(frozen=True, slots=True)
class MailState:
    """Everything that is shown of one mail. `by`: a name, never an address."""

    state: Shown
    reason: Reason | None = None
    detail: str | None = None
    forecast: Forecast | None = None
    targets: tuple[Where, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    addresses: tuple[str, ...] = ()
    steps: Steps = Steps()
    at: datetime | None = None
    took_seconds: float | None = None
    way: Way | None = None
    by: str | None = None
    can: tuple[Can, ...] = ()
    sender: Party | None = None
    always_sync: bool = False
    withdrawn: tuple[Withdrawn, ...] = ()
    elsewhere: Elsewhere | None = None


#: In a list of mails: one that is not in the mailbox.
NOT_FOUND = MailState(Shown.NEW, detail="This mail was not found in your own mailbox.")

_LEFT = frozenset({Reason.MOVED_OUT, Reason.DELETED})
_SAME = {
    State.WAITING: Shown.WAITING,
    State.PARKED: Shown.PARKED,
    State.MIRRORED: Shown.MIRRORED,
}


@dataclass(frozen=True, slots=True)
class Copy:
    """What is known of one copy. `item`, `email` None = not met; `head` None = not asked for.

    `filings`: of its mail, which other copies may have brought into webCRM, see `elsewhere`.
    `wishes`: by filing id, what webCRM is still to be told.
    """

    head: Message
    is_in_folder: bool
    item: Item | None = None
    email: Email | None = None
    filings: tuple[Filing, ...] = ()
    wishes: Mapping[int, Wish] | None = None
    press: Press | None = None
    is_by_rule: bool = False
    elsewhere: Elsewhere | None = None

    @property
    def is_filed_elsewhere(self) -> bool:
        """True for a copy beside the one by which its mail is in webCRM."""
        return self.elsewhere is not None and self.elsewhere.state is Shown.SYNCED

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


def shown(copy: Copy, why_not: Reason | None) -> tuple[Shown, Reason | None]:
    """The state that people see. `why_not`: why a mail that was not met would be left out."""
    item = copy.met
    if item is None:
        return _before(copy, why_not)
    if item.state is State.SKIPPED:
        is_draft = item.reason is Reason.DRAFT
        return (Shown.DRAFT, None) if is_draft else (Shown.SKIPPED, item.reason)
    if item.state is State.SYNCED:
        return (Shown.ON_ITS_WAY if copy.wishes else Shown.SYNCED), None
    if item.state in _SAME:
        return _SAME[item.state], item.reason
    return Shown.ON_ITS_WAY, None


def _before(copy: Copy, why_not: Reason | None) -> tuple[Shown, Reason | None]:
    if copy.head.is_draft:
        return Shown.DRAFT, None
    if copy.mirrored:
        return Shown.MIRRORED, None
    if copy.is_in_folder:
        return Shown.ON_ITS_WAY, None
    if copy.is_filed_elsewhere and why_not in OVERRULED:
        return Shown.NEW, None
    return (Shown.SKIPPED, why_not) if why_not else (Shown.NEW, None)


def steps(copy: Copy, state: Shown) -> Steps:
    """The steps that are done."""
    item = copy.met
    if state is Shown.MIRRORED:
        return Steps(moved=True, read=True, filed=True, marked=True)
    if state in {Shown.NEW, Shown.DRAFT} or (item is None and not copy.is_in_folder):
        return Steps()
    if item is None:
        return Steps(moved=True)
    is_filed = item.state in {State.FILED, State.SYNCED} and not copy.wishes
    return Steps(
        moved=True,
        read=True,
        filed=is_filed,
        marked=is_filed and item.state is not State.FILED,
    )


#: What can be done in a state, whatever the reason, and for one reason only.
_ABILITIES: Mapping[tuple[Shown, Reason | None], tuple[Can, ...]] = {
    (Shown.NEW, None): (Can.SYNC, Can.CHOOSE),
    (Shown.SYNCED, None): (Can.CHANGE, Can.UNDO),
    (Shown.WAITING, None): (Can.CREATE_CONTACT, Can.CHOOSE),
    (Shown.PARKED, None): (Can.RETRY,),
    (Shown.PARKED, Reason.AMBIGUOUS): (Can.CHOOSE,),
    (Shown.SKIPPED, Reason.SYNCED_BEFORE): (Can.ANYWAY,),
    (Shown.SKIPPED, Reason.REMOVED_IN_WEBCRM): (Can.ANYWAY,),
    (Shown.SKIPPED, Reason.ONLY_COLLEAGUES): (Can.CHOOSE,),
    (Shown.SKIPPED, Reason.NO_ADDRESS): (Can.CHOOSE,),
}


def abilities(
    state: Shown, reason: Reason | None, *, is_nobody_known: bool, is_filed_elsewhere: bool = False
) -> tuple[Can, ...]:
    """What a person can do with a mail in this state, the first thing first.

    A contact can be created while none of the mail's people is one.
    """
    if state is Shown.NEW and is_filed_elsewhere:
        return (Can.SYNC,)
    found = _ABILITIES.get((state, reason)) or _ABILITIES.get((state, None), ())
    if state is Shown.NEW and is_nobody_known:
        return (*found, Can.CREATE_CONTACT)
    return found if is_nobody_known else tuple(c for c in found if c is not Can.CREATE_CONTACT)


def way(copy: Copy, state: Shown) -> Way | None:
    """How the mail came into the folder, None while it is not there."""
    if state is Shown.MIRRORED:
        return Way.WEBCRM
    if copy.met is None and not copy.is_in_folder:
        return None
    if copy.press:
        return Way.BUTTON
    return Way.RULE if copy.is_by_rule else Way.HAND


def took_seconds(copy: Copy, state: Shown) -> float | None:
    """How long it took from the press, or from when it was found, until both categories stood."""
    item = copy.met
    if item is None or state is not Shown.SYNCED:
        return None
    begun = item.found_at
    if copy.press and copy.press.pressed_at <= item.state_at:
        begun = copy.press.pressed_at
    return round((item.state_at - begun).total_seconds(), 1)
