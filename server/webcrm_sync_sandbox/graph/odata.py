"""The part of OData's $filter, $select and $expand that mail clients use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webcrm_sync_sandbox.graph.http import UndescribedError, bad_request, read_stamp
from webcrm_sync_sandbox.outlook.store import normal_property_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from webcrm_sync_sandbox.outlook.message_store import MessageStore
    from webcrm_sync_sandbox.outlook.store import Item

_TEXT = r"'((?:[^']|'')*)'"
_STAMPED = re.compile(
    rf"singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*"
    rf"\1/id eq {_TEXT} and \1/value eq {_TEXT}\s*\)",
    re.IGNORECASE,
)
_CATEGORY = re.compile(rf"categories/any\(\s*(\w+)\s*:\s*\1 eq {_TEXT}\s*\)", re.IGNORECASE)
_EQUALS = re.compile(rf"(\w+) eq {_TEXT}$")
_FLAG = re.compile(r"(isRead|isDraft|hasAttachments) eq (true|false)$")
_TIME = re.compile(r"(receivedDateTime|sentDateTime) (ge|gt|le|lt) (\S+)$")
_PROPERTY_ID = re.compile(
    r"(?:String|Integer|SystemTime|Boolean|Binary|Double|Long|Float|Short|CLSID|Currency)(?:Array)?"
    r" (?:\{[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\} (?:Name .+|Id 0x[0-9a-f]+)"
    r"|0x[0-9a-f]{1,4})",
    re.IGNORECASE,
)
_EXPANDED = re.compile(r"singleValueExtendedProperties\(\$filter=(.+)\)$", re.IGNORECASE)


def unquoted(text: str) -> str:
    """The text inside an OData literal."""
    return text.replace("''", "'")


def check_property_id(property_id: str) -> str:
    """The extended property's id in its normal spelling. Raises GraphError 400."""
    if not _PROPERTY_ID.fullmatch(property_id.strip()):
        raise bad_request(f"PropertyId '{property_id}' is invalid.", "ErrorInvalidProperty")
    return normal_property_id(property_id)


@dataclass(frozen=True, slots=True)
class Filter:
    """A $filter over messages: the items of an index, and the clauses that each item must pass."""

    names: tuple[str, ...]
    tests: tuple[Callable[[Item], bool], ...]
    candidates: Callable[[MessageStore], list[Item]] | None

    def accepts(self, item: Item) -> bool:
        """True when the item passes every clause."""
        return all(test(item) for test in self.tests)


@dataclass(frozen=True, slots=True)
class _Clause:
    name: str
    test: Callable[[Item], bool]
    candidates: Callable[[MessageStore], list[Item]] | None = None


def read_filter(text: str) -> Filter:
    """The filter of the text: clauses joined by `and`. Raises GraphError 400."""
    clauses = [_clause(part) for part in _clauses(text)]
    leads = [c.candidates for c in clauses if c.candidates]
    return Filter(
        names=tuple(c.name for c in clauses),
        tests=tuple(c.test for c in clauses),
        candidates=leads[0] if leads else None,
    )


def _clauses(text: str) -> list[str]:
    """The text split at each ` and ` outside of quotes and brackets."""
    parts, depth, is_quoted, begin = [], 0, False, 0
    for at, char in enumerate(text):
        if char == "'":
            is_quoted = not is_quoted
        elif not is_quoted:
            depth += (char == "(") - (char == ")")
            if depth == 0 and text[at : at + 5].lower() == " and ":
                parts.append(text[begin:at])
                begin = at + 5
    return [part.strip() for part in (*parts, text[begin:])]


def _clause(text: str) -> _Clause:
    for pattern, make in _CLAUSES:
        found = pattern.fullmatch(text)
        if found:
            return make(*found.groups())
    raise UndescribedError(400, "ErrorInvalidUrlQueryFilter", f"No filter like '{text}' is known.")


def _stamped(_variable: str, property_id: str, value: str) -> _Clause:
    key, wanted = check_property_id(unquoted(property_id)), unquoted(value).casefold()
    return _Clause(
        "singleValueExtendedProperties",
        lambda item: item.properties.get(key, "\0").casefold() == wanted,
        lambda store: store.items_with_property(key, wanted),
    )


def _category(_variable: str, value: str) -> _Clause:
    wanted = unquoted(value).casefold()
    return _Clause("categories", lambda item: wanted in {c.casefold() for c in item.categories})


def _equals(name: str, value: str) -> _Clause:
    wanted = unquoted(value)
    if name == "internetMessageId":
        return _Clause(
            name,
            lambda item: item.message_id == wanted,
            lambda store: store.items_with_message_id(wanted),
        )
    if name == "parentFolderId":
        # Silently ignored by the service (n8n issue 29663).
        return _Clause(name, lambda _item: True)
    if name == "conversationId":
        return _Clause(name, lambda item: item.conversation_id == wanted)
    if name == "subject":
        return _Clause(name, lambda item: item.subject == wanted)
    raise UndescribedError(400, "ErrorInvalidUrlQueryFilter", f"No filter on '{name}' is known.")


def _flag(name: str, value: str) -> _Clause:
    wanted = value == "true"
    attribute = {"isRead": "is_read", "isDraft": "is_draft", "hasAttachments": "has_attachments"}
    return _Clause(name, lambda item: getattr(item, attribute[name]) is wanted)


def _time(name: str, operator: str, value: str) -> _Clause:
    limit = read_stamp(value)
    attribute = {"receivedDateTime": "received_at", "sentDateTime": "sent_at"}[name]
    compare: Callable[[datetime], bool] = {
        "ge": lambda moment: moment >= limit,
        "gt": lambda moment: moment > limit,
        "le": lambda moment: moment <= limit,
        "lt": lambda moment: moment < limit,
    }[operator]

    def test(item: Item) -> bool:
        moment: datetime | None = getattr(item, attribute)
        return moment is not None and compare(moment)

    return _Clause(name, test)


_CLAUSES: list[tuple[re.Pattern[str], Callable[..., _Clause]]] = [
    (_STAMPED, _stamped),
    (_CATEGORY, _category),
    (_EQUALS, _equals),
    (_FLAG, _flag),
    (_TIME, _time),
]


def read_select(text: str, known: frozenset[str]) -> frozenset[str]:
    """The chosen properties. Raises GraphError 400 for a name that does not exist."""
    by_fold = {name.casefold(): name for name in known}
    chosen = [name.strip().casefold() for name in text.split(",") if name.strip()]
    for name in chosen:
        if name not in by_fold:
            raise bad_request(
                f"Could not find a property named '{name}'.", "RequestBroker--ParseUri"
            )
    return frozenset(by_fold[name] for name in chosen)


def read_expand(text: str) -> tuple[str, ...]:
    """The requested extended properties, in normal spelling. Raises GraphError 400."""
    found = _EXPANDED.fullmatch(text.strip())
    if not found:
        raise UndescribedError(400, "BadRequest", f"No $expand like '{text}' is simulated.")
    clauses = re.split(r" or ", found[1], flags=re.IGNORECASE)
    wanted = [re.fullmatch(rf"\s*id eq {_TEXT}\s*", clause) for clause in clauses]
    if not all(wanted):
        raise bad_request("Only `id eq '..'` may be joined by `or` here.")
    return tuple(check_property_id(unquoted(one[1])) for one in wanted if one)
