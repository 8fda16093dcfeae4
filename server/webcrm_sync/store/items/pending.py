"""Mails that wait for a contact or for a person, grouped by reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from webcrm_sync.core.states import Reason, State
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.tables import email, item, mailbox


@dataclass(frozen=True, slots=True)
class Group:
    """The mails of a mailbox in one state for one reason. `message_ids`: the newest ones."""

    mailbox_id: int
    state: State
    reason: Reason
    count: int
    message_ids: tuple[str, ...]


def read_groups(tx: Tx, *, max_ids: int) -> Sequence[Group]:
    """The company's waiting and parked mails, the largest group first.

    `max_ids`: the most Message-IDs that a group lists.
    """
    newest_first = aggregate_order_by(email.c.message_id, item.c.found_at.desc(), item.c.id)
    ids = func.array_agg(newest_first).filter(email.c.message_id.is_not(None))
    states = [State.WAITING, State.PARKED]
    query = (
        select(item.c.mailbox_id, item.c.state, item.c.reason, func.count(), ids)
        .join(mailbox, mailbox.c.id == item.c.mailbox_id)
        .join(email, email.c.id == item.c.email_id)
        .where(mailbox.c.company_id == tx.company_id)
        .where(item.c.state.in_(states), item.c.reason.is_not(None))
        .group_by(item.c.mailbox_id, item.c.state, item.c.reason)
        .order_by(func.count().desc(), item.c.state, item.c.reason)
    )
    return [
        Group(mailbox_id, state, reason, count, tuple(newest or ())[:max_ids])
        for mailbox_id, state, reason, count, newest in tx.connection.execute(query)
    ]
