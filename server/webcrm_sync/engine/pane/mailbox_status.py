"""The status of one mailbox, as the foot of the pane shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from webcrm_sync.core.states import State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.mail_lookup import CurrentUser
from webcrm_sync.store import companies, mailboxes
from webcrm_sync.store.mailboxes import Mailbox


class ConnectionState(StrEnum):
    """The state of the connection between the mailbox and webCRM."""

    CONNECTED = "connected"
    CATCHING_UP = "catching_up"
    NEEDS_YOU = "needs_you"
    PAUSED = "paused"


class Cause(StrEnum):
    """Which side delays the mailbox. ELSEWHERE: another installation works on it."""

    OUTLOOK = "outlook"
    WEBCRM = "webcrm"
    PUSH = "push"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `detail`: what Outlook says about it."""

    kind: Cause
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """The status of one mailbox.

    `is_pushed`: Graph pushes changes immediately, in every sync folder. `on_the_way`, `waiting`
    and `parked` count copies of mails.
    """

    state: ConnectionState
    address: str
    is_pushed: bool
    on_the_way: int
    waiting: int
    parked: int
    troubles: tuple[Trouble, ...]


def read_connection(context: Context, user: CurrentUser) -> Connection:
    """The status of the user's mailbox, from the tables alone."""
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, user.box.id) or user.box
        counts = mailboxes.open_counts(tx, box.id)
        folders = mailboxes.folders(tx, box.id)
        webcrm_trouble = companies.read_company(tx).webcrm_trouble
    on_the_way = sum(n for state, n in counts.items() if not State(state).is_end)
    waiting, parked = counts.get(State.WAITING, 0), counts.get(State.PARKED, 0)
    delays = list(_delays(box, is_webcrm_away=bool(webcrm_trouble)))
    return Connection(
        state=(
            ConnectionState.PAUSED
            if box.paused_at
            else decide_state(parked=parked, on_the_way=on_the_way, is_delayed=bool(delays))
        ),
        address=box.address,
        is_pushed=bool(folders) and all(f.subscription_id for f in folders),
        on_the_way=on_the_way,
        waiting=waiting,
        parked=parked,
        troubles=(*delays, *([Trouble(Cause.PUSH)] if box.push_trouble else [])),
    )


def decide_state(*, parked: int, on_the_way: int, is_delayed: bool) -> ConnectionState:
    """The state to show: what needs a person comes before what recovers by itself."""
    if parked:
        return ConnectionState.NEEDS_YOU
    is_behind = is_delayed or on_the_way
    return ConnectionState.CATCHING_UP if is_behind else ConnectionState.CONNECTED


def _delays(box: Mailbox, *, is_webcrm_away: bool) -> Iterator[Trouble]:
    """What keeps mails from being filed."""
    if box.elsewhere_since:
        yield Trouble(Cause.ELSEWHERE)
    elif box.trouble and not box.paused_at:
        yield Trouble(Cause.OUTLOOK, box.trouble)
    if is_webcrm_away:
        yield Trouble(Cause.WEBCRM)
