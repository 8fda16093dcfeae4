"""Copies whose categories are to be brought in line, and those that are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update

from webcrm_sync.core.states import State
from webcrm_sync.store.any_of import any_sent
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import ITEM_COLUMNS, Item, lock_items, read_item
from webcrm_sync.store.rows import lines, sent
from webcrm_sync.store.schema.tables import email, item

_DUE = (
    select(*ITEM_COLUMNS, email.c.key)
    .join(email, email.c.id == item.c.email_id)
    .where(item.c.mailbox_id == bindparam("mailbox"), item.c.mark_due_at <= bindparam("now"))
    .order_by(item.c.mark_attempts > 0, item.c.found_at.desc(), item.c.id)
    .limit(bindparam("most"))
)
_SETTLE = (
    update(item)
    .where(any_sent(item.c.id, "ids"), item.c.state == bindparam("seen"))
    .values(mark_due_at=None, mark_attempts=0)
)
_SYNC = _SETTLE.values(
    state=State.SYNCED.value, reason=None, detail=None, state_at=bindparam("now")
).returning(item.c.id)


@dataclass(frozen=True, slots=True)
class Written:
    """What stands on a copy in Outlook now. `stamp` None = as before."""

    item_id: int
    change_key: str
    categories: tuple[str, ...]
    stamp: str | None


def due(
    tx: Tx, mailbox_id: int, *, limit: int, item_id: int | None = None
) -> Sequence[tuple[Item, str]]:
    """Copies whose categories are due to be brought in line, newest first, with the mail's key.

    Those that failed before come last: in a batch nothing is done behind one that fails. `item_id`:
    that one alone.
    """
    ours = {"mailbox": mailbox_id, "now": tx.now, "most": limit}
    found = []
    query = _DUE if item_id is None else _DUE.where(item.c.id == item_id)
    for row in tx.connection.execute(query, ours).mappings():
        facts = dict(row)
        key = str(facts.pop("key"))
        found.append((read_item(facts), key))
    return found


def due_ids(tx: Tx, mailbox_id: int, *, limit: int) -> Sequence[int]:
    """The copies that `due` reads, by their ids alone."""
    ours = {"mailbox": mailbox_id, "now": tx.now, "most": limit}
    return [row["id"] for row in tx.connection.execute(_DUE, ours).mappings()]


def lock(tx: Tx, items: Iterable[Item]) -> None:
    """Lock these copies until the end of `tx`, see `emails.lock_copies`."""
    lock_items(tx, [i.id for i in items])


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


def complete(tx: Tx, seen: Iterable[Item]) -> Sequence[Item]:
    """These copies carry the truth: nothing is due on them; those that are synced by that.

    One whose state is no longer the one that was seen got further meanwhile, and is marked again.
    """
    alike: dict[State, list[Item]] = {}
    for one in seen:
        alike.setdefault(one.state, []).append(one)
    synced: list[Item] = []
    for state, copies in alike.items():
        these = {"ids": [c.id for c in copies], "seen": state.value}
        if state is State.FILED:
            done = set(tx.connection.execute(_SYNC, {**these, "now": tx.now}).scalars())
            synced = [c for c in copies if c.id in done]
        else:
            tx.connection.execute(_SETTLE, these)
    return synced
