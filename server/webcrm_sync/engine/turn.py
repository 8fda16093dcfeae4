"""One turn at webCRM's line: what is chosen for it beforehand, and what is done in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webcrm_sync.engine import amend, documents, look, match, past, send
from webcrm_sync.engine.attached import Source
from webcrm_sync.engine.draft import Draft, drafts_of
from webcrm_sync.engine.parts import Parts
from webcrm_sync.engine.send import Answered, Bulk
from webcrm_sync.store import asked, filings
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing

#: How many filings one turn takes further: as many as one bulk request carries.
BULK = 50


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn does. The intents of `bulk` are committed, so it must be taken or given back.

    `suspects`: drafts that are sent in parts. `unclear`, `filed`: filings to be looked for, and
    those whose Documents are to be written. `has_wishes`: people changed something about mails
    that stand in webCRM. `decided`: so many mails, of which nothing may be left to do. `is_last`:
    others wait for the line.
    """

    bulk: Bulk
    suspects: Sequence[Draft]
    unclear: Sequence[int]
    filed: Sequence[int]
    has_wishes: bool
    decided: int
    is_last: bool
    filing_ids: frozenset[int]

    @property
    def is_empty(self) -> bool:
        """True when there was nothing to choose."""
        return not (self.filing_ids or self.has_wishes or self.decided)


def choose(parts: Parts, source: Source, *, besides: Iterable[int] = ()) -> Turn:
    """The next turn: the newest mails first, without the filings of other turns (`besides`).

    Found mails are decided before, so that they can be among them.
    """
    decided = past.past_round(parts, limit=BULK) + match.match_round(parts, limit=BULK)
    with parts.begin() as tx:
        due = filings.due(tx, limit=BULK, besides=besides)
        has_wishes = asked.has_due_wishes(tx)
        is_last = tx.is_line_wanted()
    fresh = [(f, e) for f, e in due if f.is_fresh]
    drafts = drafts_of(parts, source, fresh)
    return Turn(
        bulk=send.intend(parts, [d for d in drafts if not send.is_suspect(d)]),
        suspects=[d for d in drafts if send.is_suspect(d)],
        unclear=[f.id for f, _ in due if f.is_unclear],
        filed=[f.id for f, _ in due if f.activity_id is not None],
        has_wishes=has_wishes,
        decided=decided,
        is_last=is_last,
        filing_ids=frozenset(f.id for f, _ in due),
    )


def take(parts: Parts, source: Source, turn: Turn) -> Answered:
    """Tell webCRM everything that is this turn's; what it answers last is yet to be recorded.

    Raises Unclear, TryLater or Refused when webCRM is in trouble; nothing of the turn is lost.
    """
    try:
        if turn.has_wishes:
            amend.amend_round(parts, source, limit=BULK)
        if turn.unclear:
            look.look_for(parts, [f for f, _ in _now(parts, turn.unclear) if f.is_unclear])
    except BaseException:
        send.give_back(parts, turn.bulk)
        raise
    answered = send.post(parts, turn.bulk)
    if not (turn.suspects or turn.filed):
        return answered
    send.record(parts, answered)
    send.post_suspects(parts, turn.suspects)
    filed = [(f, e) for f, e in _now(parts, turn.filed) if f.activity_id is not None]
    documents.add_documents(parts, source, filed)
    return Answered(turn.bulk.lease)


def _now(parts: Parts, filing_ids: Sequence[int]) -> Sequence[tuple[Filing, Email]]:
    """These filings as they stand now: people may have acted since they were chosen."""
    with parts.begin() as tx:
        return filings.due(tx, limit=BULK, among_these=filing_ids)
