"""Finds out in webCRM whether Documents were written whose outcome is unclear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from webcrm_sync.core import verification
from webcrm_sync.core.crm import DocumentRow
from webcrm_sync.core.neutralize import neutralize_tags
from webcrm_sync.core.verification import VerifyDecision
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.filing.document_batches import PendingAttachment
from webcrm_sync.store import documents, filings
from webcrm_sync.store.database import Tx


def verify_documents(context: Context, unclear: Sequence[PendingAttachment]) -> None:
    """Search for Documents whose outcome is unclear, by Activity and name."""
    activities = {p.filing.activity_id for p in unclear}
    listed = [d for d in context.webcrm.list_documents() if d.activity_id in activities]
    with context.begin() as tx:
        known_ids = documents.ids_in_webcrm(tx, {p.filing.id for p in unclear})
        candidates = [d for d in listed if d.document_id not in known_ids]
        for pending in unclear:
            found = next((d for d in candidates if _is_same(d, pending)), None)
            if found:
                candidates.remove(found)
                documents.change(tx, [pending.document.id], document_id=found.document_id)
            else:
                _not_found(context, tx, pending)


def _is_same(row: DocumentRow, pending: PendingAttachment) -> bool:
    """True for a Document of that Activity and name. Names are compared as they are sent.

    webCRM may return the name without its extension.
    """
    name = neutralize_tags(pending.document.name).casefold()
    names = {name, PurePosixPath(name).stem}
    return (
        row.activity_id == pending.filing.activity_id
        and neutralize_tags(row.name).casefold() in names
    )


def _not_found(context: Context, tx: Tx, pending: PendingAttachment) -> None:
    document, settle = pending.document, context.settings.search_lag
    assert document.intent_at is not None
    searches = document.searches + 1
    decision = verification.decide_after_search(
        intent_at=document.intent_at, searches=searches, now=tx.now, settle=settle
    )
    search_at = tx.now
    if decision is VerifyDecision.NOT_THERE:
        documents.retry(tx, document, intent_at=None, searches=0)
    else:
        documents.retry(tx, document, searches=searches)
        search_at = verification.next_search_at(
            intent_at=document.intent_at, now=tx.now, settle=settle
        )
    filings.retry(tx, [pending.filing.id], due_at=search_at)
