"""Checks the tables when all work is done: final states of copies, complete events of mails."""

from __future__ import annotations

from machine.history import History
from webcrm_sync.core.states import TRANSITIONS, State

_FINAL_STATES = """
SELECT i.id, e.subject, i.state, i.reason, i.folder_id IS NOT NULL AS is_here, i.mark_due_at
  FROM item i JOIN email e ON e.id = i.email_id
"""
_STEPS = "SELECT item_id, was, now, reason FROM saved.step ORDER BY id"
#: Per mail: the kinds of its events, the Activities of its `filed` events, the mailboxes of its
#: `synced` events.
_EVENTS = """
SELECT e.id, e.subject, array_agg(v.kind ORDER BY v.id) AS kinds,
       array_agg(v.facts->>'activity' ORDER BY v.id) FILTER (WHERE v.kind = 'filed') AS filed,
       array_agg(v.mailbox_id ORDER BY v.id) FILTER (WHERE v.kind = 'synced') AS synced
  FROM email e JOIN event v ON v.email_id = e.id GROUP BY e.id, e.subject
"""
#: A place that a person chose is held while no copy of its mail is in a sync folder.
_FILINGS = """
SELECT f.email_id, f.activity_id, f.is_complete, f.how = 'chosen by a person'
       AND f.activity_id IS NULL AND f.intent_at IS NULL AND NOT EXISTS (
         SELECT 1 FROM item i WHERE i.email_id = f.email_id AND i.folder_id IS NOT NULL) AS is_held
  FROM filing f
"""
_COPIES = "SELECT email_id, mailbox_id, state, reason FROM item"


def check_events(history: History) -> None:
    """Check that each copy reached a final state by allowed transitions, as its events say."""
    for row in history.setup.rows(_FINAL_STATES):
        assert row.state not in {"found", "matched", "filed"}, f"{row.subject} ends {row.state}"
        has_reason = row.state in {"waiting", "parked", "skipped"}
        assert (row.reason is not None) == has_reason, f"{row.subject}: {row.state}, {row.reason}"
        assert row.mark_due_at is None
    for step in history.setup.rows(_STEPS):
        was = State(step.was) if step.was else None
        assert State(step.now) in TRANSITIONS[was], f"{was} became {step.now} ({step.reason})"
    _check_events_of_copies(history)


def _check_events_of_copies(history: History) -> None:
    events_by_mail = {row.id: row for row in history.setup.rows(_EVENTS)}
    filings = history.setup.rows(_FILINGS)
    for copy in history.setup.rows(_COPIES):
        assert copy.email_id in events_by_mail, "a mail without events"
        mail_events = events_by_mail[copy.email_id]
        assert mail_events.kinds[0] in TRANSITIONS[None], (
            f"the first event is {mail_events.kinds[0]}"
        )
        if copy.state == "synced":
            assert copy.mailbox_id in (mail_events.synced or []), "synced without an event"
        if copy.state in {"waiting", "parked"}:
            assert copy.state in mail_events.kinds, f"{copy.state} without an event"
    for filing in filings:
        activity_ids = events_by_mail[filing.email_id].filed or []
        if filing.is_held:
            continue
        assert filing.is_complete, "an incomplete filing"
        assert activity_ids.count(str(filing.activity_id)) == 1, f"filed events: {activity_ids}"
