"""Inbox rules, as Exchange runs them on a mail that arrives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from webcrm_sync_sandbox.outlook.mail import Person
    from webcrm_sync_sandbox.outlook.store import Item


@dataclass(slots=True)
class InboxRule:
    """A rule in Graph's own terms (resource messageRule)."""

    id: str
    name: str
    sequence: int
    actions: dict[str, Any]
    conditions: dict[str, Any] = field(default_factory=dict)
    exceptions: dict[str, Any] = field(default_factory=dict)
    is_enabled: bool = True
    is_read_only: bool = False
    has_error: bool = False


def senders(rule: InboxRule) -> list[str]:
    """The sender addresses of the rule's conditions, case-folded."""
    wished = rule.conditions.get("fromAddresses", ())
    return [one["emailAddress"]["address"].casefold() for one in wished]


def fits(rule: InboxRule, item: Item, own: frozenset[str]) -> bool:
    """True when the rule's conditions hold for the item and none of its exceptions does.

    Conditions are joined by AND, the words in one by OR (Microsoft Graph: messageRulePredicates).
    `own`: the mailbox's addresses, case-folded.
    """
    meets = [_meets(name, wish, item, own) for name, wish in rule.conditions.items()]
    excepted = [_meets(name, wish, item, own) for name, wish in rule.exceptions.items()]
    return all(meets) and not any(excepted)


def _meets(name: str, wish: Any, item: Item, own: frozenset[str]) -> bool:
    if isinstance(wish, bool):
        return _FACTS[name](item, own) is wish if name in _FACTS else False
    if name in _ADDRESSES:
        wanted = {one["emailAddress"]["address"].casefold() for one in wish}
        return any(p.address.casefold() in wanted for p in _ADDRESSES[name](item))
    text = "\n".join(_TEXTS[name](item)).casefold() if name in _TEXTS else ""
    return any(word.casefold() in text for word in wish)


def _recipients(item: Item) -> tuple[Person, ...]:
    return item.to + item.cc


def _addressed(people: Iterable[Person], own: frozenset[str]) -> bool:
    return any(p.address.casefold() in own for p in people)


_TEXTS: dict[str, Callable[[Item], list[str]]] = {
    "senderContains": lambda i: [str(i.author)] if i.author else [],
    "recipientContains": lambda i: [str(p) for p in _recipients(i)],
    "subjectContains": lambda i: [i.subject],
    "bodyContains": lambda i: [i.body],
    "bodyOrSubjectContains": lambda i: [i.subject, i.body],
    "headerContains": lambda i: [f"{name}: {value}" for name, value in i.headers],
}
_ADDRESSES: dict[str, Callable[[Item], tuple[Person, ...]]] = {
    "fromAddresses": lambda i: (i.author,) if i.author else (),
    "sentToAddresses": _recipients,
}
_FACTS: dict[str, Callable[[Item, frozenset[str]], bool]] = {
    "sentToMe": lambda i, own: _addressed(i.to, own),
    "sentCcMe": lambda i, own: _addressed(i.cc, own),
    "sentToOrCcMe": lambda i, own: _addressed(_recipients(i), own),
    "notSentToMe": lambda i, own: not _addressed(i.to, own),
    "sentOnlyToMe": lambda i, own: len(_recipients(i)) == 1 and _addressed(i.to, own),
    "hasAttachments": lambda i, _own: i.has_attachments,
    "isMeetingRequest": lambda i, _own: i.kind == "meeting",
    "isAutomaticReply": lambda i, _own: any(
        name.casefold() == "auto-submitted" and value.casefold() != "no"
        for name, value in i.headers
    ),
}
