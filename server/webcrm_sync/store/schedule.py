"""The jobs that are due. The tables are the only schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from webcrm_sync.core.jobs import Job
from webcrm_sync.store.database import Tx

#: The due time of work that waits for a person or for `release`: it never comes.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
#: How long the poll of a folder waits for the job `poll`. Then `discover` reads the folder.
POLL_PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class DueJob:
    """A job that is due, and the id of the row that it is about."""

    job: Job
    subject_id: int


#: Only this company's rows: those of another company, left by a wrong setting, would stay due for
#: ever.
_MAILBOX_ANSWERS = "m.company_id = :company AND (m.gate_at IS NULL OR m.gate_at <= :now)"
MAILBOX_IS_OPEN = f"{_MAILBOX_ANSWERS} AND m.elsewhere_since IS NULL"
#: Nothing is written for a mailbox without a valid lease (`core.mailbox_lease`).
_IS_LEASED = "m.lease_until > :now"
_WEBCRM_IS_OPEN = "c.id = :company AND (c.webcrm_due_at IS NULL OR c.webcrm_due_at <= :now)"
#: A recovery is not over before webCRM's Activities are read; until then nothing is written there.
_IS_READ = (
    "NOT EXISTS (SELECT 1 FROM rebuilding r WHERE r.company_id = c.id AND r.ended_at IS NULL)"
)
#: A copy of the mail is in a mailbox that is ours and not paused (`filings.MAY_BE_SENT`).
_MAY_BE_SENT = """EXISTS (SELECT 1 FROM item i JOIN mailbox m ON m.id = i.mailbox_id
        WHERE i.email_id = x.email_id AND m.paused_at IS NULL AND m.lease_until > :now)"""
#: Found copies, which are due at once. The job `file` searches webCRM for those of the past.
_FOUND = """item i JOIN mailbox m ON m.id = i.mailbox_id
    WHERE m.company_id = c.id AND i.state = 'found' AND NOT i.is_bare"""
#: A mail counts by its copy of the past, see `items.undecided`.
_HAS_PAST_COPY = """EXISTS (SELECT 1 FROM item p JOIN mailbox b ON b.id = p.mailbox_id
        WHERE p.email_id = i.email_id AND p.is_past AND p.state = 'found' AND NOT p.is_bare
          AND b.elsewhere_since IS NULL)"""
#: The job `poll` asks for many folders at once that are pushed and at rest. One that is overdue,
#: and those of a mailbox in trouble, are left to `discover`.
IS_POLLED_TOGETHER = """(f.poll_due_at > :overdue AND f.subscription_id IS NOT NULL
      AND f.is_known AND f.cursor IS NOT NULL AND NOT f.has_more AND f.hinted_at IS NULL
      AND m.attempts = 0)"""
_DUE = f"""
SELECT DISTINCT '{Job.DISCOVER}', m.id FROM folder f JOIN mailbox m ON m.id = f.mailbox_id
 WHERE {MAILBOX_IS_OPEN} AND CASE WHEN f.has_more
   THEN EXISTS (SELECT 1 FROM announced_copy a WHERE a.folder_id = f.id)
   ELSE f.hinted_at IS NOT NULL OR f.poll_due_at <= :now AND NOT {IS_POLLED_TOGETHER} END
UNION ALL
SELECT DISTINCT '{Job.READ_ON}', m.id FROM folder f JOIN mailbox m ON m.id = f.mailbox_id
 WHERE {MAILBOX_IS_OPEN} AND f.has_more
UNION ALL
SELECT '{Job.POLL}', c.id FROM company c WHERE c.id = :company AND EXISTS (
   SELECT 1 FROM folder f JOIN mailbox m ON m.id = f.mailbox_id
    WHERE {MAILBOX_IS_OPEN} AND f.poll_due_at <= :now AND {IS_POLLED_TOGETHER})
UNION ALL
SELECT DISTINCT '{Job.MARK}', m.id FROM item i JOIN mailbox m ON m.id = i.mailbox_id
 WHERE {MAILBOX_IS_OPEN} AND {_IS_LEASED} AND i.mark_due_at <= :now
UNION ALL
SELECT '{Job.MAINTAIN}', m.id FROM mailbox m WHERE {_MAILBOX_ANSWERS} AND m.keep_due_at <= :now
UNION ALL
SELECT '{Job.MATCH}', c.id FROM company c
 WHERE c.id = :company AND {_IS_READ} AND c.directory_full_at IS NOT NULL AND EXISTS (
   SELECT 1 FROM {_FOUND} AND NOT i.is_past AND NOT {_HAS_PAST_COPY})
UNION ALL
SELECT '{Job.FILE}', c.id FROM company c
 WHERE {_WEBCRM_IS_OPEN} AND {_IS_READ} AND c.directory_full_at IS NOT NULL AND (EXISTS (
   SELECT 1 FROM {_FOUND} AND i.is_past AND {_IS_LEASED})
 OR EXISTS (SELECT 1 FROM filing x WHERE x.company_id = c.id AND NOT x.is_complete
      AND (x.due_at IS NULL OR x.due_at <= :now) AND {_MAY_BE_SENT})
 OR EXISTS (SELECT 1 FROM wish w JOIN filing x ON x.id = w.filing_id
    WHERE x.company_id = c.id AND x.activity_id IS NOT NULL AND w.due_at <= :now
      AND {_MAY_BE_SENT}))
UNION ALL
SELECT '{Job.MIRROR}', c.id FROM company c WHERE {_WEBCRM_IS_OPEN} AND {_IS_READ} AND (
   coalesce(c.mirror_due_at, :now) <= :now
   OR EXISTS (SELECT 1 FROM mirror x LEFT JOIN mailbox m ON m.id = x.mailbox_id
      WHERE x.company_id = c.id AND x.state IN ('planned', 'intended') AND x.due_at <= :now
        AND (m.id IS NULL OR {_IS_LEASED})))
UNION ALL
SELECT '{Job.REFRESH_DIRECTORY}', c.id FROM company c
 WHERE {_WEBCRM_IS_OPEN} AND coalesce(c.directory_due_at, :now) <= :now
UNION ALL
SELECT '{Job.CREATE_CUSTOMERS}', c.id FROM company c WHERE {_WEBCRM_IS_OPEN} AND EXISTS (
   SELECT 1 FROM new_customer n JOIN mailbox m ON m.id = n.mailbox_id
    WHERE m.company_id = c.id AND n.completed_at IS NULL AND n.due_at <= :now
      AND m.paused_at IS NULL AND {_IS_LEASED})
UNION ALL
SELECT '{Job.PROVE_MAILBOX}', m.id FROM mailbox_proof p JOIN mailbox m ON m.id = p.mailbox_id
 WHERE {MAILBOX_IS_OPEN} AND p.due_at <= :now
UNION ALL
SELECT '{Job.PROVE_WEBCRM}', c.id FROM webcrm_proof p JOIN company c ON c.id = p.company_id
 WHERE {_WEBCRM_IS_OPEN} AND {_IS_READ} AND p.due_at <= :now
UNION ALL
SELECT DISTINCT '{Job.FOLLOW_GROUPS}', g.company_id FROM followed_group g
 WHERE g.company_id = :company AND g.due_at <= :now
UNION ALL
SELECT '{Job.RETAIN}', c.id FROM company c
 WHERE c.id = :company AND coalesce(c.housekeeping_due_at, :now) <= :now
UNION ALL
SELECT '{Job.ALERT}', c.id FROM company c
 WHERE c.id = :company AND (coalesce(c.alerts_due_at, :now) <= :now OR EXISTS (
   SELECT 1 FROM alert_message a
    WHERE a.company_id = c.id AND a.sent_at IS NULL AND a.due_at <= :now))
"""  # noqa: S608 - built from constants
#: A job that failed is postponed, and postpones no other job.
_FREE = f"""
SELECT d.task, d.id FROM ({_DUE}) d(task, id) WHERE NOT EXISTS (
  SELECT 1 FROM job_trouble t
   WHERE t.task = d.task AND t.subject_id = d.id AND t.due_at > :now)
"""  # noqa: S608 - built from constants


def due_jobs(tx: Tx) -> Sequence[DueJob]:
    """The jobs of the company that are due."""
    overdue = tx.now - POLL_PATIENCE
    parameters = {"now": tx.now, "overdue": overdue, "company": tx.company_id}
    rows = tx.connection.execute(text(_FREE), parameters)
    return [DueJob(Job(job), subject_id) for job, subject_id in rows]
