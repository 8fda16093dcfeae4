"""People leave parts of a mail out: its text, or its files."""

from __future__ import annotations

import re

from machine.history import History
from machine.invariants import MailActivities
from machine.model import MailModel
from webcrm_sync.core.along import Along, TextPart

#: What each button lets go along.
CHOICES = {
    "sync without text": Along.chosen(TextPart.NONE, None),
    "sync without files": Along.chosen(TextPart.WHOLE, ()),
    "sync one file": Along.chosen(TextPart.NEW, ["0.txt"]),
}
_LINE = re.compile(r"^Left out by choice: (.*)\.$", re.MULTILINE)
_COUNT = re.compile(r"(\d+) attachment")
_ROWS = """
SELECT f.activity_id, e.along->>'text', e.along->'files', e.content
  FROM filing f JOIN email e ON e.id = f.email_id
 WHERE NOT f.is_withdrawn AND f.activity_id IS NOT NULL
"""
_NAMED = "SELECT count(*) FROM document WHERE left_out = 'not_chosen' AND name <> ''"


def left_out_files(memo: str) -> int:
    """How many files the Activity with this memo lacks by choice."""
    line = _LINE.search(memo)
    count = _COUNT.search(line[1]) if line else None
    return int(count[1]) if count else 0


def check_parts(history: History) -> None:
    """Check that webCRM has what people let go along, and that each Activity says so."""
    memos = {
        int(a["ActivityId"]): str(a.get("ActivityMemo") or "")
        for mail in history.mails
        for a in MailActivities.of(history, mail).filed
    }
    for mail in history.mails:
        _check_words(history, mail)
    for activity_id, text, files, content in history.setup.rows(_ROWS):
        memo = memos.get(activity_id)
        if memo is None:
            continue
        line = _LINE.search(memo)
        assert (text == "none") == bool(line and "the text" in line[1]), (text, memo)
        assert files is not None or not left_out_files(memo), (files, memo)
        assert text != "none" or content is None, "a text is stored that was left out"
    assert history.setup.rows(_NAMED) == [(0,)], "a name is stored that was left out"


def _check_words(history: History, mail: MailModel) -> None:
    for activity in MailActivities.of(history, mail).filed:
        memo = str(activity.get("ActivityMemo") or "")
        line = _LINE.search(memo)
        assert mail.was_cut or not line, f"nobody left anything out of {mail.subject}"
        is_left_out = line is not None and "the text" in line[1]
        assert ("Words" in memo) is not is_left_out, f"the text of {mail.subject}: {memo}"
