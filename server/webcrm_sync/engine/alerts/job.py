"""The job `send alerts` of a company: says what is wrong, and what is over."""

from __future__ import annotations

import logging
from datetime import timedelta

from webcrm_sync.core.alert_text import Notice
from webcrm_sync.core.alerts import Moment
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.engine.alerts.channels import send
from webcrm_sync.engine.alerts.evaluate import evaluate
from webcrm_sync.engine.alerts.not_sent import NotSent
from webcrm_sync.engine.context import Context
from webcrm_sync.logs import redact
from webcrm_sync.store import alerts
from webcrm_sync.store.alerts import Message

logger = logging.getLogger(__name__)

#: A message belongs to the run that sends it for this long, which is longer than sending takes.
#: After a crash it is sent again then.
_LEASE = timedelta(minutes=3)
#: Messages that one run sends, so that a worker can stop soon.
_MOST = 10


def alert(context: Context) -> None:
    """Decide what people are told, then send the messages that are due. Idempotent."""
    evaluate(context)
    for _ in range(_MOST):
        with context.begin() as tx:
            message = alerts.claim(tx, lease=_LEASE)
        if message is None:
            return
        _send(context, message)


def _send(context: Context, message: Message) -> None:
    """Send one message, or postpone its channel."""
    with context.begin() as tx:
        addresses = alerts.read_addresses(tx, message.mailbox_ids)
    try:
        answer = send(message.channel, context.settings, _notice(message, tuple(addresses)))
    except NotSent as error:
        _postpone(context, message, error)
        return
    with context.begin() as tx:
        alerts.record_sent(tx, message.id, redact(answer))
    facts = {"alert": message.alert_id, "channel": message.channel, "moment": message.moment}
    logger.info("alert_sent", extra=facts)


def _postpone(context: Context, message: Message, error: NotSent) -> None:
    """Try the channel's messages again later: most likely all of them would fail alike."""
    reason = redact(str(error))
    with context.begin() as tx:
        due_at = next_attempt_at(tx.now, message.attempts + 3, not_before=error.retry_at)
        alerts.postpone(tx, message, due_at=due_at, trouble=reason)
    logger.warning("alert_not_sent", extra={"channel": message.channel, "why": reason})


def _notice(message: Message, addresses: tuple[str, ...]) -> Notice:
    alert_id = f"alert-{message.alert_id}-{message.opened_at:%Y%m%d%H%M%S}"
    is_first = message.moment is Moment.OPENED
    return Notice(
        id=alert_id if is_first else f"{alert_id}-{message.moment}-{message.number}",
        alert_id=alert_id,
        moment=message.moment,
        kind=message.kind,
        severity=message.severity,
        sentence=message.sentence,
        number=message.number,
        mailboxes=addresses,
        since=message.opened_at,
        at=message.created_at,
    )
