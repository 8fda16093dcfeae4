"""Decides what the pane shows of one mail and which actions it offers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from webcrm_sync.core.along import Along
from webcrm_sync.core.identity import Stamp
from webcrm_sync.core.message import Message, Party
from webcrm_sync.core.opportunities import Opportunity
from webcrm_sync.core.states import OVERRULED, Reason, State
from webcrm_sync.engine.matching.places import to_restore
from webcrm_sync.engine.pane.along_status import AlongView, Sensitivity
from webcrm_sync.store.activity_updates import ActivityUpdate
from webcrm_sync.store.documents import Document
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.new_customers import NewCustomer
from webcrm_sync.store.sync_requests import SyncRequest


class DisplayStatus(StrEnum):
    """The status of a mail as people see it. Its values are part of the API."""

    NEW = "new"
    ON_ITS_WAY = "on_its_way"
    SYNCED = "synced"
    WAITING = "waiting"
    PARKED = "parked"
    SKIPPED = "skipped"
    MIRRORED = "mirrored"
    DRAFT = "draft"


class Forecast(StrEnum):
    """What matching would find for a mail that is not in webCRM yet."""

    KNOWN = "known"
    NOBODY = "nobody"
    SEVERAL = "several"


class Origin(StrEnum):
    """How a mail got into the sync folder."""

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
    EDIT_PLACES = "edit_places"
    MARK_TOO = "mark_too"
    UNDO = "undo"
    CREATE_CONTACT = "create_contact"
    ADD_CUSTOMER = "add_customer"


class MatchEvidence(StrEnum):
    """Why an Organisation is a candidate or a place. Only a place can be a PERSON's choice."""

    CONTACT = "contact"
    DOMAIN = "domain"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class TargetView:
    """An Organisation under which the mail is filed or will be filed.

    `organisation_id` 0 and an empty name: filed in webCRM, but under no Organisation.
    `link` None: no link pattern is configured. `activity_id` None: not filed yet.
    `evidence_name`: the contact or the domain because of which it is filed there.
    `opportunity`: the one under which it is filed there. `opportunities`: the open ones, `offered`:
    the only one of its contact.
    """

    organisation_id: int
    organisation: str
    link: str | None
    person: str | None
    address: str | None
    activity_id: int | None
    title: str | None = None
    phone: str | None = None
    evidence: MatchEvidence | None = None
    evidence_name: str | None = None
    opportunity: Opportunity | None = None
    opportunities: tuple[Opportunity, ...] = ()
    offered: int | None = None


@dataclass(frozen=True, slots=True)
class WithdrawnActivity:
    """The Activity that webCRM keeps of a mail after Undo. `is_emptied`: webCRM has emptied it."""

    organisation_id: int
    organisation: str
    link: str | None
    is_emptied: bool


@dataclass(frozen=True, slots=True)
class OtherCopyStatus:
    """The status of the mail by its other copies. `by`: who synced it, None = unknown."""

    status: DisplayStatus
    by: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several Organisations that may be meant.

    `evidence_name`: the contact or the domain that makes it a candidate.
    """

    organisation_id: int
    organisation: str
    evidence: MatchEvidence
    evidence_name: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The four steps from Outlook to webCRM, each True once it is done."""

    moved: bool = False
    read: bool = False
    filed: bool = False
    marked: bool = False


@dataclass(frozen=True, slots=True)
class MailStatus:
    """Everything that the pane shows of one mail.

    `by`: the name of the person who synced it, never an address. `actions`: the most obvious one
    first. `sender`: None unless the sender is external. `other_copy`: None unless another copy
    of the mail has a status worth showing.
    """

    status: DisplayStatus
    reason: Reason | None = None
    detail: str | None = None
    forecast: Forecast | None = None
    targets: tuple[TargetView, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    addresses: tuple[str, ...] = ()
    progress: Progress = Progress()
    at: datetime | None = None
    took_seconds: float | None = None
    origin: Origin | None = None
    by: str | None = None
    actions: tuple[Action, ...] = ()
    sender: Party | None = None
    always_sync: bool = False
    withdrawn: tuple[WithdrawnActivity, ...] = ()
    other_copy: OtherCopyStatus | None = None
    along: AlongView | None = None
    sensitivity: Sensitivity | None = None


#: Stands in a list for a mail that is not in the person's mailbox.
NOT_FOUND = MailStatus(DisplayStatus.NEW, detail="This mail was not found in your own mailbox.")

_LEFT_FOLDER = frozenset({Reason.MOVED_OUT, Reason.DELETED})
_SAME_STATUS = {
    State.WAITING: DisplayStatus.WAITING,
    State.PARKED: DisplayStatus.PARKED,
    State.MIRRORED: DisplayStatus.MIRRORED,
}


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """What is known about one copy of a mail.

    `item` and `email` None: `discover` has not read this copy. `filings`: those of the mail, by
    whichever copy. `updates`: pending changes to Activities, by filing id. `request`: the latest
    press of the button on this copy. `along`: what goes along of the mail by a choice that is
    known by now, None = what the settings say. `documents`: the attachments of one of its
    Activities.
    """

    head: Message
    is_in_folder: bool
    item: Item | None = None
    email: Email | None = None
    filings: tuple[Filing, ...] = ()
    updates: Mapping[int, ActivityUpdate] | None = None
    request: SyncRequest | None = None
    is_by_rule: bool = False
    customer: NewCustomer | None = None
    other_copy: OtherCopyStatus | None = None
    along: Along | None = None
    documents: tuple[Document, ...] = ()

    @property
    def is_filed_by_other_copy(self) -> bool:
        """True when the mail is in webCRM by another copy than this one."""
        return self.other_copy is not None and self.other_copy.status is DisplayStatus.SYNCED

    @property
    def current_item(self) -> Item | None:
        """The item, None once the copy has left the folder before it was synced."""
        has_left = (
            self.item and self.item.state is State.SKIPPED and self.item.reason in _LEFT_FOLDER
        )
        return None if has_left else self.item

    @property
    def has_open_changes(self) -> bool:
        """True while webCRM lacks a change that a person made to the mail's places."""
        if self.customer is not None and self.customer.is_open:
            return True
        is_added = (f.is_by_person and f.activity_id is None for f in self.active_filings)
        return bool(self.updates) or any(is_added)

    def is_waiting_for_customer(self, status: DisplayStatus) -> bool:
        """True while the customer that a person creates from this copy is on its way to webCRM.

        A copy that the person has moved out again waits for nothing.
        """
        if self.customer is None or not self.customer.is_open:
            return False
        if status is DisplayStatus.NEW:
            return self.customer.moved_at is None
        return status in {DisplayStatus.WAITING, DisplayStatus.PARKED}

    @property
    def mirrored_activity_id(self) -> int | None:
        """The Activity that this copy mirrors, None = this copy is no mirror."""
        stamp = Stamp.parse(self.head.stamp)
        return int(stamp.value) if stamp and stamp.kind == "m" else None

    @property
    def has_current_filings(self) -> bool:
        """True when the pane shows filings: those of this copy's mail in webCRM, or on the way."""
        is_current = self.current_item is not None or self.is_filed_by_other_copy
        return is_current and bool(self.active_filings)

    @property
    def kept_filings(self) -> tuple[Filing, ...]:
        """The filings that a sync of this copy uses again, since the mail was synced before."""
        return () if self.has_current_filings else self.active_filings or to_restore(self.filings)

    @property
    def active_filings(self) -> tuple[Filing, ...]:
        """The filings that nobody withdrew."""
        return tuple(f for f in self.filings if not f.is_withdrawn)


def decide_status(
    copy: CopyFacts, exclusion_reason: Reason | None
) -> tuple[DisplayStatus, Reason | None]:
    """The status to show and its reason.

    `exclusion_reason`: why the product would skip this mail, None = it would not.
    """
    status, reason = _status_of_copy(copy, exclusion_reason)
    if copy.is_waiting_for_customer(status):
        return DisplayStatus.ON_ITS_WAY, None
    return status, reason


def _status_of_copy(
    copy: CopyFacts, exclusion_reason: Reason | None
) -> tuple[DisplayStatus, Reason | None]:
    item = copy.current_item
    if item is None:
        return _status_before_discover(copy, exclusion_reason)
    if item.state is State.SKIPPED:
        is_draft = item.reason is Reason.DRAFT
        return (DisplayStatus.DRAFT, None) if is_draft else (DisplayStatus.SKIPPED, item.reason)
    if item.state is State.SYNCED:
        is_changing = copy.has_open_changes
        return (DisplayStatus.ON_ITS_WAY if is_changing else DisplayStatus.SYNCED), None
    if item.state in _SAME_STATUS:
        return _SAME_STATUS[item.state], item.reason
    return DisplayStatus.ON_ITS_WAY, None


def _status_before_discover(
    copy: CopyFacts, exclusion_reason: Reason | None
) -> tuple[DisplayStatus, Reason | None]:
    if copy.head.is_draft:
        return DisplayStatus.DRAFT, None
    if copy.mirrored_activity_id:
        return DisplayStatus.MIRRORED, None
    if copy.is_in_folder:
        return DisplayStatus.ON_ITS_WAY, None
    if copy.is_filed_by_other_copy and exclusion_reason in OVERRULED:
        return DisplayStatus.NEW, None
    if exclusion_reason:
        return DisplayStatus.SKIPPED, exclusion_reason
    return DisplayStatus.NEW, None


def decide_progress(copy: CopyFacts, status: DisplayStatus) -> Progress:
    """The steps that are done."""
    item = copy.current_item
    if status is DisplayStatus.MIRRORED:
        return Progress(moved=True, read=True, filed=True, marked=True)
    if status in {DisplayStatus.NEW, DisplayStatus.DRAFT}:
        return Progress()
    if item is None:
        return Progress(moved=copy.is_in_folder)
    is_filed = item.state in {State.FILED, State.SYNCED} and not copy.has_open_changes
    is_marked = is_filed and item.state is State.SYNCED
    return Progress(moved=True, read=True, filed=is_filed, marked=is_marked)


#: The actions of each status: those for one reason, else those for any reason (None).
_ACTIONS: Mapping[tuple[DisplayStatus, Reason | None], tuple[Action, ...]] = {
    (DisplayStatus.NEW, None): (Action.SYNC, Action.CHOOSE, Action.EDIT_PLACES),
    (DisplayStatus.ON_ITS_WAY, None): (Action.EDIT_PLACES,),
    (DisplayStatus.SYNCED, None): (Action.CHANGE, Action.EDIT_PLACES, Action.UNDO),
    (DisplayStatus.WAITING, None): (
        Action.CREATE_CONTACT,
        Action.CHOOSE,
        Action.EDIT_PLACES,
        Action.ADD_CUSTOMER,
    ),
    (DisplayStatus.PARKED, None): (Action.RETRY,),
    (DisplayStatus.PARKED, Reason.AMBIGUOUS): (Action.CHOOSE, Action.EDIT_PLACES),
    (DisplayStatus.PARKED, Reason.REFUSED_BY_WEBCRM): (Action.RETRY, Action.EDIT_PLACES),
    (DisplayStatus.PARKED, Reason.UNREADABLE_ATTACHMENT): (Action.RETRY, Action.EDIT_PLACES),
    (DisplayStatus.PARKED, Reason.PRIVATE): (Action.SYNC, Action.UNDO),
    (DisplayStatus.SKIPPED, Reason.SYNCED_BEFORE): (Action.ANYWAY,),
    (DisplayStatus.SKIPPED, Reason.REMOVED_IN_WEBCRM): (Action.ANYWAY,),
    (DisplayStatus.SKIPPED, Reason.ONLY_COLLEAGUES): (Action.CHOOSE,),
    (DisplayStatus.SKIPPED, Reason.NO_ADDRESS): (Action.CHOOSE,),
}


#: The actions for a mail of which nobody is a contact.
_FOR_NOBODY = frozenset({Action.CREATE_CONTACT, Action.ADD_CUSTOMER})


def allowed_actions(
    status: DisplayStatus,
    reason: Reason | None,
    *,
    is_nobody_known: bool,
    is_filed_by_other_copy: bool = False,
) -> tuple[Action, ...]:
    """The actions that fit this status, the most obvious one first.

    A contact or a customer can be created only while none of the mail's people is a contact.
    """
    if status is DisplayStatus.NEW and is_filed_by_other_copy:
        return (Action.MARK_TOO,)
    actions = _ACTIONS.get((status, reason)) or _ACTIONS.get((status, None), ())
    if status is DisplayStatus.NEW and is_nobody_known:
        return (*actions, Action.CREATE_CONTACT, Action.ADD_CUSTOMER)
    if is_nobody_known:
        return actions
    return tuple(action for action in actions if action not in _FOR_NOBODY)


def decide_origin(copy: CopyFacts, status: DisplayStatus) -> Origin | None:
    """How the mail got into the sync folder, None while it is not there."""
    if status is DisplayStatus.MIRRORED:
        return Origin.WEBCRM
    if copy.current_item is None and not copy.is_in_folder:
        return None
    if copy.request:
        return Origin.BUTTON
    return Origin.RULE if copy.is_by_rule else Origin.HAND


def sync_duration_s(copy: CopyFacts, status: DisplayStatus) -> float | None:
    """Seconds until the mail was marked *Synced*, None while it is not.

    Counted from the press of the button, else from when `discover` found the mail.
    """
    item = copy.current_item
    if item is None or status is not DisplayStatus.SYNCED:
        return None
    started_at = item.found_at
    if copy.request and copy.request.requested_at <= item.state_at:
        started_at = copy.request.requested_at
    return round((item.state_at - started_at).total_seconds(), 1)
