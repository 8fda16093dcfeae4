"""The job `housekeeping` of a company: deletes what the product must not keep."""

from __future__ import annotations

from datetime import timedelta

from webcrm_sync.core import phrases
from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.engine.fault_isolation.incidents import release_after_upgrade
from webcrm_sync.store import (
    alerts,
    companies,
    emails,
    mirrors,
    new_customers,
    organisation_claims,
)

#: The product keeps no text of a mail for longer, even if the mail is not synced.
KEPT = timedelta(days=30)
_EVERY = timedelta(hours=1)


def housekeeping(context: Context) -> None:
    """Delete the texts of old mails, and restart what an earlier version set aside. Idempotent.

    Does nothing until it is due again. A step that fails does not stop the others; its error is
    raised at the end.
    """
    with context.begin() as tx:
        if not companies.claim_due(tx, "housekeeping_due_at", interval=_EVERY):
            return
    steps = (
        _delete_contents,
        _delete_drafts,
        _delete_alerts,
        _end_customers,
        release_after_upgrade,
    )
    _, faults = isolate.try_each(
        context, Job.RETAIN, steps, lambda step: step(context), lambda s: s.__name__
    )
    for _, fault in faults:
        raise fault


def _delete_contents(context: Context) -> None:
    with context.begin() as tx:
        emails.forget_old_contents(tx, tx.now - KEPT)


def _delete_drafts(context: Context) -> None:
    with context.begin() as tx:
        mirrors.forget_old_drafts(tx, tx.now - KEPT)


def _delete_alerts(context: Context) -> None:
    with context.begin() as tx:
        alerts.forget_old(tx, tx.now - KEPT)


def _end_customers(context: Context) -> None:
    """Give up new customers that webCRM did not take for so long, and forget finished claims."""
    with context.begin() as tx:
        new_customers.give_up_old(tx, tx.now - KEPT, phrases.NO_ANSWER_FOR_LONG.english)
        organisation_claims.forget_old(tx, tx.now - KEPT)
