"""Refreshes our copy of webCRM's Opportunities, as a part of the directory's refresh."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from webcrm_sync.core.crm import UnreadableRecord
from webcrm_sync.core.errors import Refused, TryLater
from webcrm_sync.core.opportunities import OpportunityRow, find_won_levels
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching import changed_records
from webcrm_sync.store import companies, opportunities
from webcrm_sync.store.companies import Company
from webcrm_sync.webcrm.errors import is_forbidden

logger = logging.getLogger(__name__)


def won_levels(context: Context) -> frozenset[int]:
    """The levels that count as won: those of the setting, else those that webCRM's labels name."""
    return context.settings.webcrm_won_levels or find_won_levels(context.levels.read())


def refresh_opportunities(
    context: Context, company: Company, margin: timedelta, *, is_full: bool, is_credible: bool
) -> None:
    """Read the Opportunities that changed in webCRM since the last run. Idempotent.

    `is_full`: read all; with `is_credible`, those that are not listed are deleted, even if none is.
    A token that may not read Opportunities leaves our copy as it is. Raises TryLater.
    """
    odd: list[UnreadableRecord] = []
    since = changed_records.since(None if is_full else company.opportunities_until, margin)
    rows = _read(context, since, odd)
    if rows is None:
        return
    won = won_levels(context)
    with context.begin() as tx:
        save = partial(opportunities.save, won_levels=won)
        is_whole = is_full and (is_credible or bool(rows))
        changed_records.save_each(tx, rows, save, odd, is_whole=is_whole)
        until = changed_records.newest(rows, company.opportunities_until)
        companies.update_company(tx, opportunities_until=until)
    changed_records.report_odd(context, "opportunity", odd)


def _read(
    context: Context, since: datetime, odd: list[UnreadableRecord]
) -> tuple[OpportunityRow, ...] | None:
    """The Opportunities, None if the token may not read them: then it asks now and then."""
    if context.levels.is_refused:
        return None
    try:
        rows = context.webcrm.list_changed_opportunities(since, odd=odd)
    except (Refused, TryLater) as error:
        # The calls before this one were accepted, so a 401 is about this area alone.
        if isinstance(error, TryLater) and not is_forbidden(error):
            raise
        if context.levels.refused_at is None:
            logger.warning("opportunities_not_read", extra={"code": error.code})
        context.levels.refused_at = context.now()
        return None
    context.levels.refused_at = None
    return rows
