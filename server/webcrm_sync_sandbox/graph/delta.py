"""Delta over the messages of one folder (Microsoft Graph: message delta)."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.graph import odata, serialize
from webcrm_sync_sandbox.graph.http import (
    GraphError,
    Reply,
    UndescribedError,
    bad_request,
    check_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from webcrm_sync_sandbox.graph.request_context import RequestContext
    from webcrm_sync_sandbox.outlook.store import Change, ChangeKind, Item, SimFolder

_DEFAULT_PAGE = 10
_LARGEST_PAGE = 1000
#: With a $filter a round returns no more (Microsoft Graph: message delta).
_MOST_FILTERED = 5000
_SINCE = re.compile(r"receivedDateTime (ge|gt) \S+")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The content of a token: a range of the folder's log, and how much of it was returned.

    `life` must equal the server's: tokens of another life are expired.
    """

    folder: str
    life: str
    select: str = ""
    expand: str = ""
    filter: str = ""
    kind: str = ""
    top: int = 0
    begin: int = 0
    end: int = 0
    given: int = 0
    is_first: bool = True

    def token(self) -> str:
        """The cursor as an opaque text, different each time."""
        text = json.dumps(asdict(self) | {"salt": secrets.token_hex(4)})
        return base64.urlsafe_b64encode(text.encode()).decode()

    @classmethod
    def read(cls, token: str) -> Cursor:
        """The cursor behind a token. Raises GraphError 400."""
        try:
            values = json.loads(base64.urlsafe_b64decode(token))
            values.pop("salt")
            return cls(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise bad_request("Badly formed token.", "ErrorInvalidUrlQuery") from error


@dataclass(frozen=True, slots=True)
class _Line:
    """The entry of one item in a round."""

    change: Change
    kind: ChangeKind
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Round:
    """The summary of one range of a folder's log. `returned`: item id -> how it had left."""

    begin: int
    end: int
    last: list[Change]
    lines: list[_Line]
    returned: dict[str, Change]


class Delta:
    """The delta endpoint, and the life of its tokens."""

    def __init__(self) -> None:
        self._life = secrets.token_hex(8)
        self._latest: dict[str, _Round] = {}

    def expire_cursors(self) -> None:
        """Expire every token issued so far; the next use of one answers 410."""
        self._life = secrets.token_hex(8)

    def resume(self, life: str) -> None:
        """Make the tokens of an earlier server valid again, by the life that they name."""
        self._life = life

    def save_state(self) -> Callable[[], None]:
        """A function that makes the tokens of this moment valid again."""
        life = self._life

        def restore() -> None:
            self._life = life
            self._latest.clear()

        return restore

    def page(self, context: RequestContext, folder: str) -> Reply:
        """GET a page of a round: the first one by options, later ones by a token."""
        with context.mailbox.lock:
            found = context.folder(folder)
            cursor = self._cursor(context, found)
            whole = self._round(found, cursor)
            lines = [line for line in whole.lines if _belongs(line, cursor)]
            size = context.call.page_size or cursor.top or _DEFAULT_PAGE
            part = lines[cursor.given : cursor.given + size]
            shape = context.shape(select=cursor.select, expand=cursor.expand)
            value = list(_values(context, cursor, part, whole.returned, shape))
            return Reply(200, _answer(context, cursor, value, len(lines), size))

    def _round(self, folder: SimFolder, cursor: Cursor) -> _Round:
        """The cursor's round; the last round of each folder is cached for its next page."""
        kept = self._latest.get(folder.id)
        stretch = folder.log[cursor.begin : cursor.end]
        if not kept or (kept.begin, kept.end, kept.last) != (
            cursor.begin,
            cursor.end,
            stretch[-1:],
        ):
            kept = self._latest[folder.id] = _summarize(folder, cursor.begin, cursor.end)
        return kept

    def _cursor(self, context: RequestContext, folder: SimFolder) -> Cursor:
        query = context.call.query
        token = query.get("$skiptoken") or query.get("$deltatoken")
        if not token:
            return _first(context, folder, self._life)
        if set(query) & {"$select", "$filter", "$expand", "$top", "$orderby"}:
            raise bad_request("The token carries the options of the first request.")
        cursor = Cursor.read(token)
        if cursor.life != self._life or cursor.folder != folder.id:
            raise GraphError(410, "SyncStateNotFound", "The sync state generation is not found.")
        if "$skiptoken" in query:
            return cursor
        begin = cursor.end
        if begin and context.services.chance.random() < context.services.behaviour.replays:
            begin -= 1
        return replace(cursor, begin=begin, end=_end(context, folder), given=0, is_first=False)


def _first(context: RequestContext, folder: SimFolder, life: str) -> Cursor:
    call = context.call
    check_options(call, "select", "expand", "filter", "top", "orderby")
    if call.query.get("$orderby", "receivedDateTime desc").lower() != "receiveddatetime desc":
        raise bad_request("Only receivedDateTime desc.", "ErrorInvalidUrlQuery")
    if "$orderby" in call.query:
        raise UndescribedError(400, "BadRequest", "$orderby in delta is not simulated.")
    condition = call.query.get("$filter", "")
    if condition and not _SINCE.fullmatch(condition):
        raise bad_request("Only receivedDateTime ge or gt.", "ErrorInvalidUrlQuery")
    top = call.query.get("$top", "0")
    if not top.isdigit() or int(top) > _LARGEST_PAGE:
        raise bad_request("The value of $top must be from 1 to 1000.", "ErrorInvalidUrlQuery")
    return Cursor(
        folder=folder.id,
        life=life,
        select=call.query.get("$select", ""),
        expand=call.query.get("$expand", ""),
        filter=condition,
        kind=call.query.get("changeType", ""),
        top=int(top),
        end=_end(context, folder),
    )


def _end(context: RequestContext, folder: SimFolder) -> int:
    """The end of the log as delta sees it: fresh changes may be missing for a while."""
    lag = context.services.behaviour.delta_lag
    end = len(folder.log)
    latest = context.services.clock.now() - lag
    while lag and end and folder.log[end - 1].at > latest:
        end -= 1
    return end


def _summarize(folder: SimFolder, begin: int, end: int) -> _Round:
    """The round, computed from the log alone, so that its pages agree."""
    changes: dict[str, list[Change]] = {}
    for change in folder.log[begin:end]:
        changes.setdefault(change.item_id, []).append(change)
    returned = {key: left for key, of_one in changes.items() if (left := _departure(of_one))}
    return _Round(
        begin,
        end,
        folder.log[begin:end][-1:],
        [_line(of_one) for of_one in changes.values()],
        returned,
    )


def _line(changes: list[Change]) -> _Line:
    last = changes[-1]
    is_new = any(change.kind == "created" for change in changes)
    names = frozenset[str]().union(*(change.names for change in changes))
    return _Line(last, "created" if is_new and last.kind == "updated" else last.kind, names)


def _departure(changes: list[Change]) -> Change | None:
    """How an item left that returned within the round and has not changed since."""
    if changes[-1].kind != "created":
        return None
    return next((change for change in changes if change.kind == "deleted"), None)


def _belongs(line: _Line, cursor: Cursor) -> bool:
    if cursor.is_first:
        return line.kind != "deleted"
    return cursor.kind in ("", line.kind)


def _values(
    context: RequestContext,
    cursor: Cursor,
    lines: Iterable[_Line],
    returned: dict[str, Change],
    shape: serialize.Representation,
) -> Iterable[dict[str, Any]]:
    wanted = odata.read_filter(cursor.filter) if cursor.filter else None
    items = context.mailbox.folders[cursor.folder].items
    for line in lines:
        item = items.get(line.change.item_id)
        left = None if cursor.is_first else returned.get(line.change.item_id)
        if left:
            # microsoft-graph-docs-contrib issue 72: by immutable ids, only the removal.
            yield _removed(left, shape)
        if item is None or line.kind == "deleted":
            if not cursor.is_first:
                yield _removed(line.change, shape)
        elif not (left and shape.immutable) and (wanted is None or wanted.accepts(item)):
            yield _present(context, item, line, shape)


def _removed(change: Change, shape: serialize.Representation) -> dict[str, Any]:
    given = change.item_id if shape.immutable else change.rest_id
    return {
        "@odata.type": "#microsoft.graph.message",
        "id": given,
        "@removed": {"reason": "deleted"},
    }


def _present(
    context: RequestContext, item: Item, line: _Line, shape: serialize.Representation
) -> dict[str, Any]:
    if line.kind == "updated" and context.services.behaviour.sparse:
        known = line.names | {"changeKey", "lastModifiedDateTime"}
        shape = replace(shape, names=shape.names & known)
    return {"@odata.type": "#microsoft.graph.message"} | context.show(item, shape)


def _answer(
    context: RequestContext, cursor: Cursor, value: list[dict[str, Any]], total: int, size: int
) -> dict[str, Any]:
    call = context.call
    given = cursor.given + size
    body: dict[str, Any] = {"@odata.context": f"{call.base}/$metadata#Collection(message)"}
    is_last = given >= total or (cursor.filter and given >= _MOST_FILTERED)
    if is_last:
        token = replace(cursor, given=0, is_first=False).token()
        body["@odata.deltaLink"] = call.link(deltatoken=token)
    else:
        body["@odata.nextLink"] = call.link(skiptoken=replace(cursor, given=given).token())
    return body | {"value": value}
