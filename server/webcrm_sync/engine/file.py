"""file(company): found mails become Activities, their attachments Documents."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from webcrm_sync.core.errors import Refused, TryLater, Unclear
from webcrm_sync.engine import send
from webcrm_sync.engine.attached import Source
from webcrm_sync.engine.parts import Parts, hold_webcrm, release_webcrm
from webcrm_sync.engine.send import Answered
from webcrm_sync.engine.turn import Turn, choose, take
from webcrm_sync.store import companies, rebuilding

#: After so many turns the job ends and comes again, so that a worker that is to stop can.
_TURNS = 30


def file(parts: Parts) -> None:
    """Take every found mail and every open filing one step further. Idempotent.

    When webCRM is in trouble its gate closes for a while and nothing is lost.
    """
    with parts.begin() as tx:
        company = companies.read_company(tx)
        if company.is_webcrm_shut(tx.now):
            return
        if company.directory_full_at is None:
            return  # whose mails they are cannot be told before webCRM's addresses were read
        if rebuilding.begun_at(tx):
            return  # what stands in webCRM already is still being read
    try:
        with _Line(parts) as line:
            is_more = line.work(is_troubled=company.webcrm_attempts > 0)
    except (TryLater, Unclear, Refused) as error:
        hold_webcrm(parts, error)
        return
    if company.webcrm_attempts:
        release_webcrm(parts)
    if is_more:
        with parts.begin() as tx:
            tx.defer("file", parts.company_id)


class _Line:
    """Turn after turn at webCRM, which takes one call at a time and shall not wait for us.

    While a turn is taken, the next one is chosen and the answers to the one before are recorded.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._source = Source(parts)
        self._ahead = ThreadPoolExecutor(1, "ahead")
        self._behind = ThreadPoolExecutor(1, "behind")
        self._recorded = self._behind.submit(send.record, parts, Answered(""))
        self._being_recorded: frozenset[int] = frozenset()
        self._next: Future[Turn] | None = None

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what runs; a turn that was chosen and not taken is given back."""
        with self._ahead, self._behind:
            if self._next:
                send.give_back(self._parts, self._next.result().bulk)

    def work(self, *, is_troubled: bool) -> bool:
        """Work until nothing is due or others want the line; True in the latter case."""
        self._choose(besides=frozenset())
        for left in reversed(range(_TURNS)):
            turn = self._chosen()
            if turn.is_empty:
                return False
            is_last = turn.is_last or not left
            if not is_last:
                self._choose(besides=turn.filing_ids)
            self._record(turn, take(self._parts, self._source, turn))
            if is_troubled:  # it got on: what fails after this begins with the shortest wait
                release_webcrm(self._parts)
                is_troubled = False
            if is_last:
                break
        self._recorded.result()
        return True

    def _choose(self, *, besides: frozenset[int]) -> None:
        others = besides | self._being_recorded
        self._next = self._ahead.submit(choose, self._parts, self._source, besides=others)

    def _chosen(self) -> Turn:
        """The next turn; empty only when nothing is due."""
        assert self._next
        turn = self._next.result()
        self._next = None
        if turn.is_empty and self._being_recorded:  # of these more may be due, once recorded
            self._recorded.result()
            self._being_recorded = frozenset()
            turn = choose(self._parts, self._source)
        return turn

    def _record(self, turn: Turn, answered: Answered) -> None:
        self._recorded.result()
        self._recorded = self._behind.submit(send.record, self._parts, answered)
        self._being_recorded = turn.filing_ids
