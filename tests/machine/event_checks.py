"""Checks the tables at rest: every copy is in a final state, every mail's events are complete."""

from __future__ import annotations

from machine.history import History
from webcrm_sync.core.states import TRANSITIONS, State

_ENDS = """
SELECT i.id, e.subject, i.state, i.reason, i.folder_id IS NOT NULL AS is_here, i.mark_due_at
  FROM item i JOIN email e ON e.id = i.email_id
"""
_STEPS = "SELECT item_id, was, now, reason FROM kept.step ORDER BY id"
#: Per mail the kinds of its events, the Activities of `filed` and the mailboxes of `synced`.
_STORIES = """
SELECT e.id, e.subject, array_agg(v.kind ORDER BY v.id) AS kinds,
       array_agg(v.facts->>'activity' ORDER BY v.id) FILTER (WHERE v.kind = 'filed') AS filed,
       array_agg(v.mailbox_id ORDER BY v.id) FILTER (WHERE v.kind = 'synced') AS synced
  FROM email e JOIN event v ON v.email_id = e.id GROUP BY e.id, e.subject
"""
_FILINGS = "SELECT email_id, activity_id, is_complete FROM filing"
_COPIES = "SELECT email_id, mailbox_id, state, reason FROM item"


def check_events(history: History) -> None:
    """Check that every copy reached a final state by allowed transitions, as its events say."""
    for row in history.setup.rows(_ENDS):
        assert row.state not in {"found", "matched", "filed"}, f"{row.subject} ends {row.state}"
        has_reason = row.state in {"waiting", "parked", "skipped"}
        assert (row.reason is not None) == has_reason, f"{row.subject}: {row.state}, {row.reason}"
        assert row.mark_due_at is None
    for step in history.setup.rows(_STEPS):
        was = State(step.was) if step.was else None
        assert State(step.now) in TRANSITIONS[was], f"{was} became {step.now} ({step.reason})"
    _check_told(history)


def _check_told(history: History) -> None:
    stories = {row.id: row for row in history.setup.rows(_STORIES)}
    filings = history.setup.rows(_FILINGS)
    for copy in history.setup.rows(_COPIES):
        assert copy.email_id in stories, "a mail without a story"
        story = stories[copy.email_id]
        assert story.kinds[0] in TRANSITIONS[None], f"a story begins with {story.kinds[0]}"
        if copy.state == "synced":
            assert copy.mailbox_id in (story.synced or []), "synced, and no word of it"
        if copy.state in {"waiting", "parked"}:
            assert copy.state in story.kinds, f"{copy.state}, and no word of it"
    for filing in filings:
        told = stories[filing.email_id].filed or []
        assert filing.is_complete, "a filing that is not complete"
        assert told.count(str(filing.activity_id)) == 1, f"filed is told {told}"
