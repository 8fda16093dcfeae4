"""The JSON of the API: models whose names end in Request, Query or Path are read.

A `MailRefShape` is part of requests; all other `...Shape` models are written.
The OpenAPI document is generated from these models. Keys are camelCase; a request with an unknown
key is refused. Where the engine's name differs from the key, `validation_alias` says it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.config import JsonDict

from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.pane.along_status import Sensitivity
from webcrm_sync.engine.pane.mail_lookup import MailRef
from webcrm_sync.engine.pane.mail_status_rules import (
    Action,
    DisplayStatus,
    Forecast,
    MatchEvidence,
    Origin,
)
from webcrm_sync.engine.pane.mailbox_status import Cause, ConnectionState
from webcrm_sync.web.api.along_schemas import AlongStateShape
from webcrm_sync.web.api.json_model import (
    NO_NUL,
    PLAIN_NAME,
    Address,
    JsonModel,
    OrganisationId,
    OrganisationIdOrNone,
    ShortText,
)
from webcrm_sync.web.api.phrase_schema import PhraseOf, PhraseShape


def _none_if_empty(value: object) -> object:
    return value or None


VersionToken = Annotated[str, StringConstraints(max_length=3000, pattern=r"^[A-Za-z0-9_=-]*$")]


# ---- Requests


def _has_text(name: str) -> JsonDict:
    """The JSON schema of an object whose key `name` holds a text with a visible character.

    JSON Schema and Python disagree on which characters are blank, so it names the visible ones.
    """
    return {"required": [name], "properties": {name: {"type": "string", "pattern": "[!-~]"}}}


class MailRefShape(JsonModel):
    """A mail as Office.js names it, by `itemId`, by `messageId` or by both.

    Outlook for Mac leaves the id empty, and a new mail may have no Message-ID yet. `version`: the
    one of an earlier answer about this mail; it saves the search for the mail.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [_has_text("itemId"), _has_text("messageId")]}
    )

    item_id: Annotated[str, StringConstraints(max_length=1024, pattern=NO_NUL)] | None = None
    id_type: Literal["ews", "rest"] = "ews"
    message_id: Annotated[str, StringConstraints(max_length=1000, pattern=NO_NUL)] | None = None
    version: VersionToken | None = None

    @property
    def ref(self) -> MailRef:
        """The reference as a value of the engine."""
        return MailRef.parse(self.item_id, self.id_type, self.message_id, self.version)

    @model_validator(mode="after")
    def _check_is_named(self) -> Self:
        if not (self.ref.item_id or self.ref.message_id):
            raise ValueError("a mail needs an itemId or a messageId")
        return self


class MailRequest(JsonModel):
    """A request about one mail."""

    mail: MailRefShape


class MailsRequest(JsonModel):
    """A request about up to 20 mails."""

    mails: Annotated[list[MailRefShape], Field(min_length=1, max_length=20)]


class ChangedRequest(JsonModel):
    """The version of what the pane shows.

    `waits`: while nothing has changed, the server may delay its answer by up to ten seconds.
    """

    version: VersionToken
    waits: bool = False


class ChooseRequest(MailRequest):
    """A mail, its new Organisation, and the Organisation that this one replaces.

    `replaces` may be missing if the mail is filed under one Organisation only; 0 = under none.
    """

    organisation_id: OrganisationId
    replaces: OrganisationIdOrNone | None = None


class OrganisationQuery(JsonModel):
    """A part of an Organisation's name."""

    search: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] = ""


class ContactRequest(JsonModel):
    """A contact to create in webCRM."""

    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=100, pattern=NO_NUL),
        PLAIN_NAME,
    ]
    address: Annotated[Address, Field(max_length=100)]
    organisation_id: OrganisationId
    title: ShortText | None = None
    phone: ShortText | None = None


class SenderPath(JsonModel):
    """The address of a sender, in the path."""

    address: Address


# ---- Answers


class OpportunityShape(JsonModel):
    """An Opportunity of webCRM. `value` in `currency`; `level`: its label in webCRM."""

    opportunity_id: int
    number: str
    name: str
    value: float | None
    currency: Annotated[str | None, BeforeValidator(_none_if_empty)]
    level: Annotated[
        str | None, Field(validation_alias="level_text"), BeforeValidator(_none_if_empty)
    ]


class TargetShape(JsonModel):
    """An Organisation under which the mail is filed or will be filed (`activityId` null).

    `why`: what led there, null = unknown; `who`: the contact or the domain. `title` and `phone`:
    of the person. `opportunities`: the open ones, at most 50. `offered`: the person's only one.
    """

    organisation_id: int
    organisation: str
    link: str | None
    person: str | None
    address: str | None
    activity_id: int | None
    why: Annotated[MatchEvidence | None, Field(validation_alias="evidence")]
    who: Annotated[str | None, Field(validation_alias="evidence_name")]
    title: str | None
    phone: str | None
    opportunity: OpportunityShape | None
    opportunities: list[OpportunityShape]
    offered: int | None


class WithdrawnActivityShape(JsonModel):
    """The Activity that webCRM keeps of a mail after Undo. `isTold`: webCRM has emptied it."""

    organisation_id: int
    organisation: str
    link: str | None
    is_told: Annotated[bool, Field(validation_alias="is_emptied")]


class OtherCopyShape(JsonModel):
    """The status of the mail by its other copies. `by`: a name, null = unknown."""

    state: Annotated[DisplayStatus, Field(validation_alias="status")]
    by: str | None


class CandidateShape(JsonModel):
    """One of several Organisations that may be meant. `who`: the contact or domain behind it."""

    organisation_id: int
    organisation: str
    why: Annotated[MatchEvidence, Field(validation_alias="evidence")]
    who: Annotated[str, Field(validation_alias="evidence_name")]


class ProgressShape(JsonModel):
    """The four steps from Outlook to webCRM, each true once it is done."""

    moved: bool
    read: bool
    filed: bool
    marked: bool


class SenderShape(JsonModel):
    """The sender of the mail, if external."""

    address: str
    name: str


class MailStateShape(JsonModel):
    """Everything that the pane shows of one mail.

    `can`: the actions that fit its state, the most obvious one first. `phrase`: `detail`, if that
    is a sentence of the product's own.
    """

    state: Annotated[DisplayStatus, Field(validation_alias="status")]
    reason: Reason | None
    detail: str | None
    phrase: Annotated[PhraseOf, Field(validation_alias="detail")]
    forecast: Forecast | None
    targets: list[TargetShape]
    candidates: list[CandidateShape]
    addresses: list[str]
    steps: Annotated[ProgressShape, Field(validation_alias="progress")]
    at: datetime | None
    took_seconds: float | None
    way: Annotated[Origin | None, Field(validation_alias="origin")]
    by: str | None
    can: Annotated[list[Action], Field(validation_alias="actions")]
    sender: SenderShape | None
    always_sync: bool
    withdrawn: list[WithdrawnActivityShape]
    elsewhere: Annotated[OtherCopyShape | None, Field(validation_alias="other_copy")]
    along: AlongStateShape | None
    sensitivity: Sensitivity | None


class MailStatesShape(JsonModel):
    """The states in the order of the request, and the version of each.

    A client sends a version back unchanged; null = the mail was not found.
    """

    mails: list[MailStateShape]
    versions: list[str | None]


class ChangedShape(JsonModel):
    """Whether the mail's state, its timeline or the connection may have changed since."""

    is_changed: bool


class EventFactsShape(JsonModel):
    """The facts of an event. `organisations`: names, an empty one = no Organisation.

    `phrase`: `detail`, if that is a sentence of the product's own; of an attachment with `file`.
    """

    place: Place | None
    organisations: list[str]
    activity: int | None
    reason: Reason | None
    detail: str | None
    phrase: Annotated[PhraseOf, Field(validation_alias="detail")]
    by: str | None
    is_by_rule: bool
    is_shared: bool
    took_seconds: float | None


class TimelineEntryShape(JsonModel):
    """One event of a mail. `sentence`: the event in English."""

    at: datetime
    kind: str
    sentence: str
    facts: EventFactsShape


class TimelineShape(JsonModel):
    """The events of a mail, newest last, and how long the sync took."""

    lines: list[TimelineEntryShape]
    took_seconds: float | None


class OrganisationShape(JsonModel):
    """An Organisation that can be chosen."""

    id: Annotated[int, Field(validation_alias="organisation_id")]
    name: str


class OrganisationsShape(JsonModel):
    """At most 20 Organisations; those whose name begins with the search come first."""

    organisations: list[OrganisationShape]


class NewContactShape(JsonModel):
    """The contact's id in webCRM."""

    person_id: int


class SendersShape(JsonModel):
    """The addresses whose mail is always synced, sorted."""

    addresses: list[str]


class TroubleShape(JsonModel):
    """What is wrong with the mailbox. `detail`: what Outlook says about it."""

    kind: Cause
    detail: str | None


class ConnectionShape(JsonModel):
    """The status of the person's mailbox. `push`: Graph pushes changes immediately."""

    state: ConnectionState
    mailbox: Annotated[str, Field(validation_alias="address")]
    push: Annotated[bool, Field(validation_alias="is_pushed")]
    on_the_way: int
    waiting: int
    parked: int
    troubles: list[TroubleShape]


class ProblemShape(BaseModel):
    """What went wrong (RFC 9457). `retryAfter`: seconds; `field`: the part that is refused.

    `phrase`: why, if that is a sentence of the product's own.
    """

    type: str
    title: str
    status: int
    detail: str
    code: Literal[
        "signed_out",
        "claims",
        "no_mailbox",
        "not_found",
        "invalid",
        "conflict",
        "try_later",
        "LastPlace",
        "PrivateMail",
    ]
    retryAfter: int | None = None  # noqa: N815 - the key in the JSON
    claims: str | None = None
    field: str | None = None
    phrase: PhraseShape | None = None
