"""How one mailbox stands, in the words of the pane's foot, and what can be chosen there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from webcrm_sync.core.states import State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.mail_lookup import CurrentUser
from webcrm_sync.store import companies, contact_claims, mailboxes
from webcrm_sync.store.mailboxes import Mailbox

#: As many Organisations as a list in the pane can show.
_SHOWN = 20


class ConnectionState(StrEnum):
    """The three words on the connection."""

    CONNECTED = "connected"
    CATCHING_UP = "catching_up"
    NEEDS_YOU = "needs_you"


class Cause(StrEnum):
    """What holds a mailbox up."""

    OUTLOOK = "outlook"
    WEBCRM = "webcrm"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `detail`: Outlook's own words."""

    kind: Cause
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One mailbox. `is_pushed`: Outlook tells of changes at once, in every folder."""

    state: ConnectionState
    address: str
    is_pushed: bool
    on_the_way: int
    waiting: int
    parked: int
    troubles: tuple[Trouble, ...]


def read_connection(context: Context, user: CurrentUser) -> Connection:
    """How the asker's mailbox stands, from our tables alone."""
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, user.box.id) or user.box
        counts = mailboxes.open_counts(tx, box.id)
        folders = mailboxes.folders(tx, box.id)
        trouble = companies.read_company(tx).webcrm_trouble
    on_the_way = sum(n for state, n in counts.items() if not State(state).is_end)
    waiting, parked = counts.get(State.WAITING, 0), counts.get(State.PARKED, 0)
    holding = list(_holding(box, is_webcrm_away=bool(trouble)))
    return Connection(
        state=decide_state(parked=parked, on_the_way=on_the_way, is_troubled=bool(holding)),
        address=box.address,
        is_pushed=bool(folders) and all(f.subscription_id for f in folders),
        on_the_way=on_the_way,
        waiting=waiting,
        parked=parked,
        troubles=(*holding, *([Trouble(Cause.PUSH)] if box.push_trouble else [])),
    )


def decide_state(*, parked: int, on_the_way: int, is_troubled: bool) -> ConnectionState:
    """The word for these facts: what needs a person goes before what mends itself."""
    if parked:
        return ConnectionState.NEEDS_YOU
    return ConnectionState.CATCHING_UP if is_troubled or on_the_way else ConnectionState.CONNECTED


def _holding(box: Mailbox, *, is_webcrm_away: bool) -> Iterator[Trouble]:
    """What keeps mails from getting on; the counts speak for themselves."""
    if box.trouble:
        yield Trouble(Cause.OUTLOOK, box.trouble)
    if is_webcrm_away:
        yield Trouble(Cause.WEBCRM)


@dataclass(frozen=True, slots=True)
class Organisation:
    """An Organisation that can be chosen."""

    organisation_id: int
    name: str


def find_organisations(context: Context, search: str) -> tuple[Organisation, ...]:
    """At most 20 Organisations whose name has `search` in it, those that begin with it first.

    Case and accents do not count.
    """
    with context.begin() as tx:
        found = contact_claims.find_organisations(tx, search, limit=_SHOWN)
    return tuple(Organisation(number, name) for number, name in found)
