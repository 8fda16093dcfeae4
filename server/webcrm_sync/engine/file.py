"""file(company): found mails become Activities, their attachments Documents."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from webcrm_sync.core.errors import Refused, TryLater, Unclear
from webcrm_sync.engine import amend, documents, look, match, past, send
from webcrm_sync.engine.attached import Source
from webcrm_sync.engine.parts import Parts, hold_webcrm, release_webcrm
from webcrm_sync.store import companies, filings, rebuilding

#: How many filings one bulk request carries.
BULK = 50
#: After so many rounds the job makes room for the mirror and the directory, and comes again.
_ROUNDS = 10


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
        is_more = _rounds(parts, is_troubled=company.webcrm_attempts > 0)
    except (TryLater, Unclear, Refused) as error:
        hold_webcrm(parts, error)
        return
    if company.webcrm_attempts:
        release_webcrm(parts)
    if is_more:
        with parts.begin() as tx:
            tx.defer("file", parts.company_id)


def _rounds(parts: Parts, *, is_troubled: bool) -> bool:
    """Work until nothing is due or it is the others' turn; True in the latter case."""
    source = Source(parts)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as ahead:
        _decide(parts)
        for _ in range(_ROUNDS):
            if not _round(parts, source, ahead):
                return False
            if is_troubled:  # it got on: what fails after this begins with the shortest wait
                release_webcrm(parts)
                is_troubled = False
    return True


def _decide(parts: Parts) -> int:
    """Decide the newest found mails; how many there were."""
    return past.past_round(parts, limit=BULK) + match.match_round(parts, limit=BULK)


def _round(parts: Parts, source: Source, ahead: ThreadPoolExecutor) -> bool:
    """One bulk of each step; False when there was nothing to do.

    While this bulk is on its way, the mails of the next one are decided: webCRM takes one call
    at a time and shall not wait for us.
    """
    amended = amend.amend_round(parts, source, limit=BULK)
    with parts.begin() as tx:
        due = filings.due(tx, limit=BULK)
    following = ahead.submit(_decide, parts)
    fresh = [(f, e) for f, e in due if f.activity_id is None and f.intent_at is None]
    unclear = [f for f, _ in due if f.activity_id is None and f.intent_at is not None]
    filed = [(f, e) for f, e in due if f.activity_id is not None]
    if unclear:
        look.look_for(parts, unclear)
    if fresh:
        send.send(parts, source, fresh)
    if filed:
        documents.add_documents(parts, source, filed)
    decided = following.result()  # also where more is due: what fails there must be seen
    return bool(amended or due or decided)
