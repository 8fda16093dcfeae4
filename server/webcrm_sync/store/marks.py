"""Copies whose categories are to be brought in line, and those that are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update

from webcrm_sync.core.states import State
from webcrm_sync.store.among import among
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import ITEM_COLUMNS, Item, hold_copies, read_item
from webcrm_sync.store.rows import lines, sent
from webcrm_sync.store.schema import email, item

_SYNCED = {"state": State.SYNCED.value, "reason": None, "detail": None}


@dataclass(frozen=True, slots=True)
class Written:
    """What stands on a copy in Outlook now. `stamp` None = as before."""

    item_id: int
    change_key: str
    categories: tuple[str, ...]
    stamp: str | None


def due(tx: Tx, mailbox_id: int, *, limit: int) -> Sequence[tuple[Item, str]]:
    """Copies whose categories are due to be brought in line, newest first, with the mail's key."""
    query = (
        select(*ITEM_COLUMNS, email.c.key)
        .join(email, email.c.id == item.c.email_id)
        .where(item.c.mailbox_id == mailbox_id, item.c.mark_due_at <= tx.now)
        .order_by(item.c.found_at.desc(), item.c.id)
        .limit(limit)
    )
    found = []
    for row in tx.connection.execute(query).mappings():
        facts = dict(row)
        key = str(facts.pop("key"))
        found.append((read_item(facts), key))
    return found


def hold(tx: Tx, items: Iterable[Item]) -> None:
    """Lock these copies until the end of `tx`, see `emails.hold_copies`."""
    hold_copies(tx, among(item.c.id, [i.id for i in items]))


def note(tx: Tx, written: Iterable[Written]) -> None:
    """Remember what was written on these copies, so that its echo is quiet."""
    rows = [
        {"id": w.item_id, "change_key": w.change_key, "categories": w.categories, "stamp": w.stamp}
        for w in written
    ]
    if not rows:
        return
    new = lines(item, *rows[0]).c
    query = update(item).where(item.c.id == new.id)
    stamp = func.coalesce(new.stamp, item.c.stamp)
    values = {"change_key": new.change_key, "categories": new.categories, "stamp": stamp}
    tx.connection.execute(query.values(values), sent(rows))


def settle(tx: Tx, seen: Iterable[Item]) -> Sequence[Item]:
    """These copies carry the truth: nothing is due on them; those that are synced by that.

    One whose state is no longer the one that was seen got further meanwhile, and is marked again.
    """
    alike: dict[State, list[Item]] = {}
    for one in seen:
        alike.setdefault(one.state, []).append(one)
    synced: list[Item] = []
    for state, copies in alike.items():
        query = update(item).where(
            among(item.c.id, [c.id for c in copies]), item.c.state == state.value
        )
        values: Mapping[str, object] = {"mark_due_at": None, "mark_attempts": 0}
        if state is State.FILED:
            values = {**values, **_SYNCED, "state_at": tx.now}
        done = set(tx.connection.execute(query.values(**values).returning(item.c.id)).scalars())
        if state is State.FILED:
            synced = [c for c in copies if c.id in done]
    return synced
