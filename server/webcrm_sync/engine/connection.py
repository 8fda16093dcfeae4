"""How one mailbox stands, in the words of the pane's foot, and what can be chosen there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from webcrm_sync.core.states import State
from webcrm_sync.engine.mailref import Asker
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import asked_contacts, mailboxes
from webcrm_sync.store.mailboxes import Mailbox

#: As many Organisations as a list in the pane can show.
_SHOWN = 20


class Standing(StrEnum):
    """The three words on the connection."""

    CONNECTED = "connected"
    CATCHING_UP = "catching_up"
    NEEDS_YOU = "needs_you"


@dataclass(frozen=True, slots=True)
class Connection:
    """One mailbox. `is_pushed`: Outlook tells of changes at once, in every folder."""

    state: Standing
    address: str
    is_pushed: bool
    on_the_way: int
    waiting: int
    parked: int
    sentences: tuple[str, ...]


def connection(parts: Parts, asker: Asker) -> Connection:
    """How the asker's mailbox stands, from our tables alone."""
    with parts.begin() as tx:
        box = mailboxes.read_mailbox(tx, asker.box.id) or asker.box
        counts = mailboxes.counts_by_state(tx).get(box.id, {})
        folders = mailboxes.folders(tx, box.id)
        trouble = mailboxes.read_company(tx).webcrm_trouble
    on_the_way = sum(n for state, n in counts.items() if not State(state).is_end)
    waiting, parked = counts.get(State.WAITING, 0), counts.get(State.PARKED, 0)
    troubles = [t for t in (box.trouble, trouble and "webCRM does not answer now.") if t]
    return Connection(
        state=standing(parked=parked, on_the_way=on_the_way, is_troubled=bool(troubles)),
        address=box.address,
        is_pushed=bool(folders) and all(f.subscription_id for f in folders),
        on_the_way=on_the_way,
        waiting=waiting,
        parked=parked,
        sentences=tuple(sentences(box, troubles)),
    )


def standing(*, parked: int, on_the_way: int, is_troubled: bool) -> Standing:
    """The word for these facts: what needs a person goes before what mends itself."""
    if parked:
        return Standing.NEEDS_YOU
    return Standing.CATCHING_UP if is_troubled or on_the_way else Standing.CONNECTED


def sentences(box: Mailbox, troubles: Sequence[str]) -> Sequence[str]:
    """What is wrong, one sentence each; the counts speak for themselves."""
    told = list(troubles)
    if box.push_trouble:
        told.append("Outlook does not tell of changes at once. The folders are read now and then.")
    return told


@dataclass(frozen=True, slots=True)
class Organisation:
    """An Organisation that can be chosen."""

    organisation_id: int
    name: str


def organisations(parts: Parts, search: str) -> tuple[Organisation, ...]:
    """At most 20 Organisations whose name has `search` in it, those that begin with it first.

    Case and accents do not count.
    """
    with parts.begin() as tx:
        found = asked_contacts.find_organisations(tx, search, limit=_SHOWN)
    return tuple(Organisation(number, name) for number, name in found)
