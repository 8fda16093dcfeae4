"""Locks on mails and their copies.

Every transaction takes locks in one order, or two of them could deadlock: the company first, then
mailboxes and folders (`mailboxes.lock`), then copies by id.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, select, text

from webcrm_sync.store.any_of import any_of_param
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.tables import item

_LOCK_COMPANY = text("SELECT pg_advisory_xact_lock(7205759, :company)")
_LOCK = select(item.c.id).order_by(item.c.id).with_for_update()
_LOCK_BY_ID = _LOCK.where(any_of_param(item.c.id, "ids"))
_LOCK_BY_EMAIL = _LOCK.where(any_of_param(item.c.email_id, "email_ids"))


def lock_company(tx: Tx) -> None:
    """Block other transactions that add or decide mails of this company until `tx` ends.

    Two mailboxes may find two copies of one mail at the same moment.
    """
    tx.connection.execute(_LOCK_COMPANY, {"company": tx.company_id})


def lock_statement(which: ColumnElement[bool]) -> Select[int]:
    """The statement of `lock_copies`, for callers that build it once."""
    return _LOCK.where(which)


def lock_copies(tx: Tx, which: ColumnElement[bool]) -> None:
    """Lock these copies by id until `tx` ends.

    Call this before you change several copies: a delta page lists them in Graph's order, a batch
    of marks the newest first.
    """
    tx.connection.execute(lock_statement(which))


def lock_items(tx: Tx, item_ids: Iterable[int]) -> None:
    """Lock these copies, see `lock_copies`."""
    tx.connection.execute(_LOCK_BY_ID, {"ids": list(item_ids)})


def lock_copies_of(tx: Tx, email_ids: Iterable[int]) -> None:
    """Lock every copy of these mails, see `lock_copies`."""
    tx.connection.execute(_LOCK_BY_EMAIL, {"email_ids": list(email_ids)})
