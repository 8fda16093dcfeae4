"""After an unclear answer: look whether the Activity stands, before anything is sent again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import partial

from webcrm_sync.engine.context import Parts
from webcrm_sync.engine.filing import outcome
from webcrm_sync.engine.isolation import incidents
from webcrm_sync.engine.isolation.incidents import Aside
from webcrm_sync.store import emails, filings
from webcrm_sync.store.filings import Filing

#: Two clocks may differ; a search window that begins a little early costs nothing.
_CLOCK_MARGIN = timedelta(minutes=15)
#: The first look comes soon: mostly the search knows at once.
FIRST_LOOK = timedelta(seconds=2)
#: More Organisations than this are looked through together.
_FEW = 3
#: How long after its second look in a row a thing is looked for again at the earliest.
_BETWEEN_LOOKS = timedelta(seconds=5)
#: How long after its intent a thing may be sent where no search lag is configured.
_SEND_WITHIN = timedelta(seconds=5)


class Verdict(Enum):
    """What a look that found nothing means."""

    LOOK_AGAIN = "look again"
    NOT_THERE = "not there"


def judge(*, intent_at: datetime, looks: int, now: datetime, settle: timedelta) -> Verdict:
    """The verdict after `looks` looks without a find, this one included.

    "Not there" counts only after two looks, the last of them past the search's lag.
    """
    is_settled = now >= intent_at + settle
    return Verdict.NOT_THERE if looks >= 2 and is_settled else Verdict.LOOK_AGAIN


def next_look(*, intent_at: datetime, now: datetime, settle: timedelta) -> datetime:
    """When to look again: past the lag, and not at once."""
    return max(intent_at + settle, now + min(settle, _BETWEEN_LOOKS))


def send_until(intent_at: datetime, *, settle: timedelta) -> datetime:
    """Until when what was intended may be sent.

    Whoever takes over from a worker that was taken for dead looks twice and then sends; a run
    that wakes up later must leave it to them.
    """
    return intent_at + max(settle / 2, _SEND_WITHIN)


def look_for(parts: Parts, unclear: Sequence[Filing]) -> None:
    """Look for these filings by key; settle the found ones, judge the others."""
    for organisation_id, group in _by_organisation(unclear).items():
        incidents.together(parts, "look", group, partial(_look, parts, organisation_id), _mail)


def _mail(filing: Filing) -> Aside:
    """What cannot be looked for must not be sent: it stays unclear."""
    return incidents.mail(filing.email_id, is_looked_for=False)


def _look(parts: Parts, organisation_id: int | None, group: Sequence[Filing]) -> None:
    since = min(f.intent_at for f in group if f.intent_at) - _CLOCK_MARGIN
    found = {
        activity.key: activity.activity_id
        for activity in parts.webcrm.keyed_activities(organisation_id, created_since=since)
    }
    _settle(parts, group, found)


def _by_organisation(unclear: Sequence[Filing]) -> dict[int | None, list[Filing]]:
    """What is asked for together: a few Organisations one by one, else (None) all at once."""
    is_many = len({f.organisation_id for f in unclear}) > _FEW
    groups: dict[int | None, list[Filing]] = {}
    for filing in unclear:
        organisation_id = None if is_many else filing.organisation_id or None
        groups.setdefault(organisation_id, []).append(filing)
    return groups


def _settle(parts: Parts, group: Sequence[Filing], found: dict[str, int]) -> None:
    settle = parts.settings.settle
    with parts.begin() as tx:
        emails.hold_copies_of(tx, {f.email_id for f in group})
        for filing in group:
            assert filing.intent_at is not None
            looks = filing.looks + 1
            if filing.key in found:
                outcome.filed(tx, [(filing, found[filing.key])])
                continue
            verdict = judge(intent_at=filing.intent_at, looks=looks, now=tx.now, settle=settle)
            if verdict is Verdict.NOT_THERE:
                outcome.not_there(tx, filing)
            else:
                again = next_look(intent_at=filing.intent_at, now=tx.now, settle=settle)
                filings.retry_look(tx, filing, due_at=again, looks=looks)
