"""The alerts and the messages about them. An intended message is a row before it leaves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.alerts import AlertState, Channel, Moment
from webcrm_sync.core.trouble_kinds import Severity, TroubleKind
from webcrm_sync.core.troubles import Trouble
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.monitoring import alert, alert_message
from webcrm_sync.store.schema.tables import mailbox

_STATE = columns_of(alert, AlertState)


@dataclass(frozen=True, slots=True)
class Alert:
    """A stored alert. `sentence`: as the trouble was seen last."""

    id: int
    key: str
    kind: TroubleKind
    severity: Severity
    sentence: str
    number: int
    mailbox_ids: tuple[int, ...]
    state: AlertState


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is to be sent. `opened_at`: since when the trouble is there."""

    id: int
    alert_id: int
    moment: Moment
    channel: Channel
    kind: TroubleKind
    severity: Severity
    sentence: str
    number: int
    mailbox_ids: tuple[int, ...]
    opened_at: datetime
    created_at: datetime
    attempts: int


_PLAIN = [alert.c[n] for n in Alert.__dataclass_fields__ if n != "state"]
_MESSAGE = columns_of(alert_message, Message)


def read_all(tx: Tx) -> Sequence[Alert]:
    """The company's alerts, the oldest first, those that are over too."""
    query = select(*_PLAIN, *_STATE).where(alert.c.company_id == tx.company_id)
    found = []
    for row in tx.connection.execute(query.order_by(alert.c.id)).mappings():
        state = AlertState(**{name: row[name] for name in AlertState.__dataclass_fields__})
        found.append(Alert(**{c.name: row[c.name] for c in _PLAIN}, state=state))
    return found


def read_told(tx: Tx) -> frozenset[tuple[int, Channel]]:
    """The alerts, by id, with the channels that were told of their present opening."""
    query = (
        select(alert_message.c.alert_id, alert_message.c.channel)
        .join(alert, alert.c.id == alert_message.c.alert_id)
        .where(alert.c.company_id == tx.company_id)
        .where(alert_message.c.opened_at == alert.c.opened_at)
    )
    return frozenset((row.alert_id, row.channel) for row in tx.connection.execute(query))


def save(tx: Tx, trouble: Trouble, state: AlertState) -> int:
    """Store how far the alert about a trouble has come. Returns its id."""
    values = {
        "kind": trouble.kind,
        "severity": trouble.severity,
        "sentence": trouble.sentence,
        "number": trouble.number,
        "mailbox_ids": list(trouble.mailbox_ids),
        **asdict(state),
    }
    new = insert(alert).values(company_id=tx.company_id, key=trouble.key, **values)
    index = [alert.c.company_id, alert.c.key]
    query = new.on_conflict_do_update(index_elements=index, set_=values)
    return int(tx.connection.execute(query.returning(alert.c.id)).scalar_one())


def set_state(tx: Tx, alert_id: int, state: AlertState) -> None:
    """Store the state of an alert whose trouble is not there now."""
    query = update(alert).where(alert.c.id == alert_id)
    tx.connection.execute(query.values(**asdict(state)))


def intend(tx: Tx, alert_id: int, moment: Moment, channels: Collection[Channel]) -> None:
    """Have a message sent by each channel, about the alert as it is stored now. Idempotent."""
    copied = ("opened_at", "kind", "severity", "sentence", "number", "mailbox_ids")
    source = select(*(alert.c[name] for name in copied)).where(alert.c.id == alert_id)
    facts = dict(tx.connection.execute(source).mappings().one())
    facts["mailbox_ids"] = list(facts["mailbox_ids"])
    rows = [
        {
            "company_id": tx.company_id,
            "alert_id": alert_id,
            "moment": moment,
            "channel": channel,
            "created_at": tx.now,
            "due_at": tx.now,
            **facts,
        }
        for channel in sorted(channels)
    ]
    if rows:
        tx.connection.execute(insert(alert_message).on_conflict_do_nothing(), rows)


def claim(tx: Tx, *, lease: timedelta) -> Message | None:
    """A message that is due, which this run alone may send until `lease` is over."""
    due = (
        select(alert_message.c.id)
        .where(alert_message.c.company_id == tx.company_id, alert_message.c.sent_at.is_(None))
        .where(alert_message.c.due_at <= tx.now)
        .order_by(alert_message.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claimed = update(alert_message).where(alert_message.c.id == due.scalar_subquery())
    values = {"begun_at": tx.now, "due_at": tx.now + lease}
    row = tx.connection.execute(claimed.values(**values).returning(*_MESSAGE)).first()
    return Message(*row) if row else None


def record_sent(tx: Tx, message_id: int, note: str | None) -> None:
    """Record that a message was accepted. `note`: what was wrong all the same."""
    _set_message(tx, message_id, sent_at=tx.now, trouble=note)


def postpone(tx: Tx, message: Message, *, due_at: datetime, trouble: str) -> None:
    """Record why a message could not be sent, and try its channel again at `due_at`."""
    _set_message(tx, message.id, attempts=message.attempts + 1, trouble=trouble)
    of_channel = update(alert_message).where(
        alert_message.c.company_id == tx.company_id,
        alert_message.c.channel == message.channel,
        alert_message.c.sent_at.is_(None),
    )
    later = func.greatest(alert_message.c.due_at, due_at)
    is_this = alert_message.c.id == message.id
    tx.connection.execute(of_channel.values(due_at=case((is_this, due_at), else_=later)))


def _set_message(tx: Tx, message_id: int, **values: object) -> None:
    query = update(alert_message).where(alert_message.c.id == message_id)
    tx.connection.execute(query.values(**values))


def read_unsent(tx: Tx) -> dict[Channel, str]:
    """For each channel with a message that could not be sent yet, why not."""
    query = (
        select(alert_message.c.channel, alert_message.c.trouble)
        .where(alert_message.c.company_id == tx.company_id, alert_message.c.sent_at.is_(None))
        .where(alert_message.c.trouble.is_not(None))
        .order_by(alert_message.c.id)
    )
    return {row.channel: row.trouble for row in tx.connection.execute(query)}


def read_addresses(tx: Tx, mailbox_ids: Collection[int]) -> Sequence[str]:
    """The addresses of these mailboxes, without those that were removed meanwhile."""
    query = select(mailbox.c.address).where(mailbox.c.company_id == tx.company_id)
    query = query.where(mailbox.c.id.in_(list(mailbox_ids))).order_by(mailbox.c.address)
    return tx.connection.execute(query).scalars().all()


def forget_old(tx: Tx, before: datetime) -> None:
    """Delete alerts that were neither open nor seen since then, and the messages of their past."""
    is_over = or_(alert.c.opened_at.is_(None), alert.c.ended_at.is_not(None))
    query = delete(alert).where(alert.c.company_id == tx.company_id, is_over)
    tx.connection.execute(query.where(alert.c.last_seen_at < before))
    over = select(alert.c.id).where(alert.c.ended_at.is_not(None))
    stale = delete(alert_message).where(alert_message.c.company_id == tx.company_id)
    stale = stale.where(alert_message.c.created_at < before)
    tx.connection.execute(stale.where(alert_message.c.alert_id.in_(over)))
