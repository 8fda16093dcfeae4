"""A call to Graph and its reply, alone or inside a batch."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

#: "About 4 MB" for JSON and MIME (Microsoft Graph: create message).
_LARGEST_BODY = 4 * 1024 * 1024


class GraphError(Exception):
    """Graph refuses the call with a status and a code."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


class UndescribedError(GraphError):
    """No known source describes this call: it is recorded, and answered with 404 or 400."""


@dataclass(slots=True)
class JournalNotes:
    """Facts for the journal about a call and all calls inside it."""

    contents: list[str] = field(default_factory=list)
    unknown: bool = False


@dataclass(slots=True)
class Behaviour:
    """The oddities of Graph that a test can set.

    `lag`: how long a fresh item cannot be found; `delta_lag`: how long delta misses a change;
    `work`: how long each request takes while it counts against the mailbox's concurrency;
    `conflicts`, `replays`: how often a PATCH meets another writer, how often delta repeats itself;
    `sparse`: updates in delta carry only what changed; `refused`: ids of the items about which
    every request is answered with 400; `lacking`: properties that Graph omits from an item; `odd`:
    wrong properties that it returns for an item.
    """

    lag: timedelta = timedelta()
    delta_lag: timedelta = timedelta()
    work: timedelta = timedelta()
    conflicts: float = 0.0
    replays: float = 0.0
    sparse: bool = True
    concurrency: int = 4
    requests_per_window: int = 10_000
    retry_after: float = 1
    shortest_subscription: timedelta = timedelta(minutes=45)
    longest_subscription: timedelta = timedelta(minutes=10_080)
    refused: set[str] = field(default_factory=set)
    lacking: dict[str, frozenset[str]] = field(default_factory=dict)
    odd: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Header names are in lower case; `path` begins after the version.

    `base`: scheme, host and version, as the caller wrote them. `payload`: the JSON of a call inside
    a batch.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    base: str
    content: bytes = b""
    payload: Any = None
    notes: JournalNotes = field(default_factory=JournalNotes)
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def client_request_id(self) -> str:
        """The caller's id for this request; without one, ours."""
        return self.headers.get("client-request-id", self.request_id)

    @property
    def prefers(self) -> list[str]:
        """The preferences of the Prefer header."""
        return [wish.strip() for wish in self.headers.get("prefer", "").split(",") if wish.strip()]

    @property
    def wants_immutable(self) -> bool:
        """True when the caller prefers immutable ids (Microsoft Graph: outlook-immutable-id)."""
        return any(wish.replace(" ", "").lower() == 'idtype="immutableid"' for wish in self.prefers)

    @property
    def page_size(self) -> int | None:
        """The preference `odata.maxpagesize`."""
        for wish in self.prefers:
            name, _, value = wish.partition("=")
            if name.strip().lower() == "odata.maxpagesize" and value.strip().isdigit():
                return max(1, int(value))
        return None

    @property
    def json(self) -> dict[str, Any]:
        """The body. Raises GraphError 400 or 413."""
        if len(self.content) > _LARGEST_BODY:
            raise GraphError(413, "RequestEntityTooLarge", "The request is too large.")
        body = self.payload
        if body is None:
            try:
                body = json.loads(self.content)
            except ValueError as error:
                raise bad_request("Unable to read JSON request payload.") from error
        if not isinstance(body, dict):
            raise bad_request("The body must be an object.")
        return body

    def argument(self, name: str) -> Any:
        """A parameter of an action; pages write it in camelCase, SDKs in PascalCase."""
        body = {key.lower(): value for key, value in self.json.items()}
        if name.lower() not in body:
            raise bad_request(f"The parameter '{name}' is missing.")
        return body[name.lower()]

    def link(self, **options: str) -> str:
        """The URL of this call with other options."""
        pairs = {("$" + name): value for name, value in options.items()}
        return f"{self.base}{quote(self.path, safe='/')}?{urlencode(pairs, safe='$')}"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer: `body` is JSON, or bytes with their own content type."""

    status: int
    body: dict[str, Any] | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def bad_request(message: str, code: str = "BadRequest") -> GraphError:
    """A 400 with that message."""
    return GraphError(400, code, message)


def not_found() -> GraphError:
    """The 404 of items and folders alike."""
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def read_query(query: str) -> dict[str, str]:
    """The options of a query; the names of OData's own in lower case.

    `$` may be written `%24`; the last of several equal names wins.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    return {(k.lower() if k.startswith("$") else k): v for k, v in pairs}


def check_options(call: Call, *known: str) -> None:
    """Refuse a `$option` that no reference describes for this call. Raises UndescribedError."""
    for name in call.query:
        if name.startswith("$") and name[1:] not in known:
            raise UndescribedError(
                400, "BadRequest", f"The query option '{name}' is not simulated here."
            )


def stamp(moment: datetime | None) -> str | None:
    """A time as Graph writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def read_stamp(text: str) -> datetime:
    """The time of Graph's text. Raises GraphError 400."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise bad_request(f"'{text}' is no DateTimeOffset.") from error
    if moment.tzinfo is None:
        raise bad_request(f"'{text}' has no offset.")
    return moment
