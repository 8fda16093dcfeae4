"""Compares the troubles of this minute with the alerts, and decides what people are told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from webcrm_sync.core.alerts import Channel, Moment, advance
from webcrm_sync.core.troubles import Limits, Trouble, find_troubles
from webcrm_sync.engine.alerts.channels import configured
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.operations.troubles import limits_of, read_facts
from webcrm_sync.store import alerts, companies
from webcrm_sync.store.alerts import Alert
from webcrm_sync.store.database import Tx

logger = logging.getLogger(__name__)

_EVERY = timedelta(minutes=1)


def evaluate(context: Context) -> None:
    """Advance every alert, and intend the messages that follow. Does nothing until it is due.

    The states and the intended messages commit together, so that each message is intended once.
    """
    with context.begin() as tx:
        told = list(_evaluate(context, tx))
    for kind, moment in told:
        level = logging.INFO if moment is Moment.ENDED else logging.WARNING
        logger.log(level, "alert", extra={"kind": kind, "moment": moment})


def _evaluate(context: Context, tx: Tx) -> Iterator[tuple[str, Moment]]:
    if not companies.claim_due(tx, "alerts_due_at", interval=_EVERY):
        return
    limits, channels = limits_of(context.settings), configured(context.settings)
    known = {alert.key: alert for alert in alerts.read_all(tx)}
    found = {trouble.key: trouble for trouble in find_troubles(read_facts(context, tx), limits)}
    told = alerts.read_told(tx)
    for key in sorted(known.keys() | found.keys()):
        stored = known.get(key)
        informed = [c for c in channels if stored and (stored.id, c) in told]
        moment = _advance(tx, stored, found.get(key), limits, channels, informed)
        if moment:
            yield (stored.kind if stored else found[key].kind), moment


def _advance(
    tx: Tx,
    stored: Alert | None,
    trouble: Trouble | None,
    limits: Limits,
    channels: tuple[Channel, ...],
    informed: list[Channel],
) -> Moment | None:
    """Advance one alert. `informed`: the channels that were told of its present opening."""
    state = stored.state if stored else None
    step = advance(state, trouble, tx.now, limits)
    if step is None:
        return None
    if trouble:
        alert_id = alerts.save(tx, trouble, step.state)
    else:
        assert stored
        alert_id = stored.id
        if step.state != state:
            alerts.set_state(tx, alert_id, step.state)
    if step.moment is Moment.OPENED:
        alerts.intend(tx, alert_id, Moment.OPENED, channels)
    elif step.moment:
        alerts.intend(tx, alert_id, step.moment, informed)
    elif step.state.is_open:  # a channel that was configured since then
        alerts.intend(tx, alert_id, Moment.OPENED, [c for c in channels if c not in informed])
    return step.moment
