"""The API's JSON, declared: what is read from it, and what is written to it.

The OpenAPI document is made of these. Keys are camelCase; keys that nobody knows are refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import Reason
from webcrm_sync.core.storable import to_plain_name
from webcrm_sync.engine.pane.mail_lookup import MailRef
from webcrm_sync.engine.pane.mail_status_rules import (
    Action,
    DisplayStatus,
    Forecast,
    MatchEvidence,
    Origin,
)
from webcrm_sync.engine.pane.mailbox_status import Cause, ConnectionState

#: A database holds no NUL.
_NO_NUL = r"^[^\u0000]*$"
#: One address, as far as it can be told without sending to it.
#: Spaces and what is not seen are named one by one, since JavaScript's and Rust's `\s` differ.
_PART = (
    r"[^@<>\u0000-\u0020\u007f-\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    r"\u3000\ufeff\ufff9-\uffff]+"
)
_ADDRESS = f"^{_PART}@{_PART}$"


def _whole(value: object) -> object:
    """JSON knows one kind of number: 7.0 is the whole number 7."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


VersionToken = Annotated[str, StringConstraints(max_length=3000, pattern=r"^[A-Za-z0-9_=-]*$")]
OrganisationId = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(_whole)]
Address = Annotated[
    str,
    StringConstraints(pattern=_ADDRESS, max_length=320),
    AfterValidator(str.lower),
]


class _Shape(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        from_attributes=True,
        frozen=True,
    )


# ---- what is asked


def _said(name: str) -> JsonDict:
    """The JSON schema of an object in which this is a text that is more than spaces."""
    return {"required": [name], "properties": {name: {"type": "string", "pattern": r"\S"}}}


class MailRefShape(_Shape):
    """A mail as Office.js names it. `messageId` finds it again where the id is not known.

    Either is enough: Outlook for Mac leaves the id empty, and new mail may have no Message-ID yet.
    `version`: as it came with an earlier answer about this mail, which is then found at once.
    """

    model_config = ConfigDict(json_schema_extra={"anyOf": [_said("itemId"), _said("messageId")]})

    item_id: Annotated[str, StringConstraints(max_length=1024, pattern=_NO_NUL)] | None = None
    id_type: Literal["ews", "rest"] = "ews"
    message_id: Annotated[str, StringConstraints(max_length=1000, pattern=_NO_NUL)] | None = None
    version: VersionToken | None = None

    @property
    def ref(self) -> MailRef:
        """The same as a value of the engine."""
        return MailRef.named(self.item_id, self.id_type, self.message_id, self.version)

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if not (self.ref.item_id or self.ref.message_id):
            raise ValueError("a mail needs an itemId or a messageId")
        return self


class MailRequest(_Shape):
    """One mail."""

    mail: MailRefShape


class MailsRequest(_Shape):
    """Up to 20 mails."""

    mails: Annotated[list[MailRefShape], Field(min_length=1, max_length=20)]


class ChangedRequest(_Shape):
    """What the pane shows, by the version that came with it.

    `waits`: the answer may come later, at the latest after ten seconds, when nothing changed yet.
    """

    version: VersionToken
    waits: bool = False


class SyncRequest(MailRequest):
    """One mail, and the Organisations that the person chose for it."""

    organisation_ids: Annotated[list[OrganisationId], Field(max_length=20)] | None = None


class ChooseRequest(MailRequest):
    """One mail, its Organisation from now on, and the one that this replaces.

    `replaces` may be left out where the mail is under one Organisation only; 0 = under none.
    """

    organisation_id: OrganisationId
    replaces: Annotated[int, Field(ge=0, le=2**31 - 1), BeforeValidator(_whole)] | None = None


class OrganisationQuery(_Shape):
    """A part of a name."""

    search: Annotated[str, StringConstraints(max_length=200, pattern=_NO_NUL)] = ""


class ContactRequest(_Shape):
    """A contact to be made in webCRM."""

    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=100, pattern=_NO_NUL),
        AfterValidator(to_plain_name),
    ]
    address: Annotated[Address, Field(max_length=100)]
    organisation_id: OrganisationId


class SenderPath(_Shape):
    """The address in a path."""

    address: Address


# ---- what is answered


class TargetShape(_Shape):
    """One Organisation the mail stands under, or will (`activityId` null)."""

    organisation_id: int
    organisation: str
    link: str | None
    person: str | None
    address: str | None
    activity_id: int | None


class WithdrawnActivityShape(_Shape):
    """What webCRM keeps of a mail that was taken back: an entry, empty once `isTold`."""

    organisation_id: int
    organisation: str
    link: str | None
    is_told: bool


class OtherCopyShape(_Shape):
    """How the mail stands by other copies of it. `by`: a name, null = not known."""

    state: DisplayStatus
    by: str | None


class CandidateShape(_Shape):
    """One Organisation that could be meant. `who`: the contact or domain that points at it."""

    organisation_id: int
    organisation: str
    why: MatchEvidence
    who: str


class ProgressShape(_Shape):
    """The four steps of a mail's way, true once done."""

    moved: bool
    read: bool
    filed: bool
    marked: bool


class SenderShape(_Shape):
    """Who sent the mail, when that is nobody of the company."""

    address: str
    name: str


class MailStateShape(_Shape):
    """Everything the pane shows of one mail. `can`: what fits its state, the first thing first."""

    state: DisplayStatus
    reason: Reason | None
    detail: str | None
    forecast: Forecast | None
    targets: list[TargetShape]
    candidates: list[CandidateShape]
    addresses: list[str]
    steps: ProgressShape
    at: datetime | None
    took_seconds: float | None
    way: Origin | None
    by: str | None
    can: list[Action]
    sender: SenderShape | None
    always_sync: bool
    withdrawn: list[WithdrawnActivityShape]
    elsewhere: OtherCopyShape | None


class MailStatesShape(_Shape):
    """The states, in the order in which they were asked for, and the version of each.

    A version is to be sent back as it is; null = this mail was not found.
    """

    mails: list[MailStateShape]
    versions: list[str | None]


class ChangedShape(_Shape):
    """Whether the state of the mail, its story or the connection may have changed since."""

    is_changed: bool


class EventFactsShape(_Shape):
    """What an event speaks of. `organisations`: names, an empty one = no Organisation."""

    place: Place | None
    organisations: list[str]
    activity: int | None
    reason: Reason | None
    detail: str | None
    by: str | None
    is_by_rule: bool
    is_shared: bool
    took_seconds: float | None


class TimelineEntryShape(_Shape):
    """One event of a mail's story. `sentence`: the same in English."""

    at: datetime
    kind: str
    sentence: str
    facts: EventFactsShape


class TimelineShape(_Shape):
    """A mail's story, newest last, and how long it took to be synced."""

    lines: list[TimelineEntryShape]
    took_seconds: float | None


class OrganisationShape(_Shape):
    """An Organisation that can be chosen."""

    id: Annotated[int, Field(validation_alias="organisation_id")]
    name: str


class OrganisationsShape(_Shape):
    """At most 20, those that begin with what was searched for first."""

    organisations: list[OrganisationShape]


class NewContactShape(_Shape):
    """The contact in webCRM."""

    person_id: int


class SendersShape(_Shape):
    """The addresses whose mail is always synced, sorted."""

    addresses: list[str]


class TroubleShape(_Shape):
    """What holds the mailbox up. `detail`: Outlook's own words."""

    kind: Cause
    detail: str | None


class ConnectionShape(_Shape):
    """How the person's mailbox stands. `push`: Outlook tells of changes at once."""

    state: ConnectionState
    mailbox: Annotated[str, Field(validation_alias="address")]
    push: Annotated[bool, Field(validation_alias="is_pushed")]
    on_the_way: int
    waiting: int
    parked: int
    troubles: list[TroubleShape]


class ProblemShape(BaseModel):
    """What went wrong (RFC 9457). `retryAfter`: seconds."""

    type: str
    title: str
    status: int
    detail: str
    code: Literal[
        "signed_out", "claims", "no_mailbox", "not_found", "invalid", "conflict", "try_later"
    ]
    retryAfter: int | None = None  # noqa: N815 - the key of the wire
    claims: str | None = None
