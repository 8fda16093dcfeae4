"""prove: compares the folders, our rows and webCRM, and fixes what it can.

Each night short jobs compare one mailbox or one page of Activities at a time, so that new mails do
not wait. The command `prove` compares everything at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta

from webcrm_sync.core.errors import Refused, SyncError, TryLater
from webcrm_sync.core.faults import fault_signature, format_trace
from webcrm_sync.engine.backoff import back_off_webcrm
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents
from webcrm_sync.engine.mailboxes.admin import NotWatched
from webcrm_sync.engine.reconciliation.differences import (
    Difference,
    Kind,
    MailboxProof,
    PageProof,
    WebcrmProof,
)
from webcrm_sync.engine.reconciliation.outlook import prove_mailbox
from webcrm_sync.engine.reconciliation.webcrm import prove_page, prove_rest
from webcrm_sync.store import companies, folder_reads, mailboxes, reconciliation
from webcrm_sync.store.mailboxes import Mailbox

logger = logging.getLogger(__name__)

#: Delay before a comparison that did not finish is started again.
_RETRY = timedelta(minutes=30)
#: Mails that webCRM sent within this time are polled again.
_MIRROR_OVERLAP = timedelta(days=2)


def request_all(context: Context) -> None:
    """Make all comparisons due now; the workers run them. Idempotent."""
    with context.begin() as tx:
        reconciliation.request_all(tx)
        company = companies.read_company(tx)
        if company.mirror_until:
            companies.rewind_mirror(tx, company.mirror_until - _MIRROR_OVERLAP)


# ---- as jobs ----------------------------------------------------------------


def prove_due_mailbox(context: Context, mailbox_id: int) -> None:
    """Compare the mailbox if that is due."""
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, mailbox_id)
        if box is None or not reconciliation.claim_mailbox(
            tx, mailbox_id, retry_at=tx.now + _RETRY
        ):
            return
    _save_proof(context, box, prove_mailbox(context, box))


def prove_due_page(context: Context) -> None:
    """Compare the next page of Activities if that is due, and make the page after it due."""
    with context.begin() as tx:
        company = companies.read_company(tx)
        if company.is_webcrm_paused(tx.now):
            return
        first_id = reconciliation.claim_webcrm_page(tx, retry_at=tx.now + _RETRY)
    if first_id is None:
        return
    try:
        page = _prove_page(context, first_id)
    except (TryLater, Refused) as error:
        back_off_webcrm(context, error)
        return
    with context.begin() as tx:
        known = list(reconciliation.read_webcrm(tx).differences) if first_id else []
        differences = known + [_as_json(d) for d in page.differences]
        if page.next_id is None:
            reconciliation.save_webcrm(tx, due_at=None, proved_at=tx.now, differences=differences)
        else:
            reconciliation.save_webcrm(
                tx, due_at=tx.now, next_id=page.next_id, differences=differences
            )
    _log("webcrm", page.differences)


def _prove_page(context: Context, first_id: int) -> PageProof:
    """Compare one page; before the first one also subscriptions, after the last one also mails."""
    pushed = prove_push(context) if not first_id else []
    page = prove_page(context, first_id)
    is_cut_short = any(d.kind is Kind.MOST_MISSING for d in page.differences)
    rest = prove_rest(context) if page.next_id is None and not is_cut_short else []
    differences = (*pushed, *page.differences, *rest)
    return PageProof(page.next_id, page.keyed, page.others, differences)


def prove_push(context: Context) -> list[Difference]:
    """Find subscriptions that Graph no longer has, and have them replaced."""
    with context.begin() as tx:
        held = mailboxes.subscribed_folders(tx)
    if not held or not context.settings.is_push_enabled:
        return []
    try:
        alive = {one.graph_id for one in context.graph.list_subscriptions()}
    except SyncError:
        return []  # each mailbox reports its own trouble
    dead = [f for f in held if f.subscription_id not in alive]
    with context.begin() as tx:
        mailboxes.maintain_now(tx, [f.mailbox_id for f in dead])
        mailboxes.lock(tx, folder_ids=[f.id for f in dead])
        for folder in dead:
            mailboxes.set_subscribed_folder(
                tx, folder, subscription_id=None, subscription_expires_at=None
            )
        folder_reads.request_read(tx, [f.id for f in dead])
    return [Difference(Kind.PUSH) for _ in dead]


def _save_proof(context: Context, box: Mailbox, proof: MailboxProof) -> None:
    if proof.trouble is None and not proof.is_paused:
        with context.begin() as tx:
            reconciliation.save_mailbox(tx, box.id, [_as_json(d) for d in proof.differences])
    _log("mailbox", proof.differences)


def _as_json(difference: Difference) -> dict[str, object]:
    return asdict(difference) | {"sentence": difference.sentence}


def _log(what: str, differences: Sequence[Difference]) -> None:
    """Log the differences, without Message-IDs: they may identify a person."""
    for one in differences:
        facts = {"compared": what, "kind": one.kind.value, "is_healed": one.is_healed}
        logger.warning("difference", extra=facts)


# ---- by the command ---------------------------------------------------------------


def prove_mailboxes(context: Context, address: str | None = None) -> Iterator[MailboxProof]:
    """Proofs of all mailboxes, or of the one with this address.

    Raises NotWatched, and Refused if that one is paused.
    """
    with context.begin() as tx:
        one = mailboxes.find_mailbox(tx, address.strip().casefold()) if address else None
        boxes = [one] if one else list(mailboxes.all_mailboxes(tx))
    if address and one is None:
        raise NotWatched(f"{address} is not watched. `mailbox list` shows those that are.")
    if one and one.paused_at:
        raise Refused(f"{one.address} is paused. Run `webcrm-sync mailbox resume` first.")
    for box in boxes:
        proof = _prove_or_report(context, box)
        _save_proof(context, box, proof)
        yield proof


def _prove_or_report(context: Context, box: Mailbox) -> MailboxProof:
    """The proof of one mailbox; an unforeseen error becomes its trouble."""
    try:
        return prove_mailbox(context, box)
    except Exception as error:
        if incidents.is_trouble(error):
            raise
        logger.error("proof_failed", extra={"trace": format_trace(error)})
        return MailboxProof(box.address, trouble=f"{fault_signature(error)}; see the log")


def prove_webcrm(context: Context) -> Iterator[WebcrmProof]:
    """Compare all Activities with our filings; yield the totals so far after each page."""
    so_far = WebcrmProof()
    next_id: int | None = 0
    while next_id is not None:
        try:
            page = _prove_page(context, next_id)
        except (TryLater, Refused) as error:
            yield WebcrmProof(
                so_far.activities, 0, so_far.others, so_far.differences, trouble=str(error)
            )
            return
        next_id = page.next_id
        with context.begin() as tx:
            so_far = WebcrmProof(
                so_far.activities + page.keyed - page.others,
                reconciliation.count_filed(tx),
                so_far.others + page.others,
                so_far.differences + page.differences,
            )
            if next_id is None:
                differences = [_as_json(d) for d in so_far.differences]
                reconciliation.save_webcrm(
                    tx, due_at=None, next_id=0, proved_at=tx.now, differences=differences
                )
        _log("webcrm", page.differences)
        yield so_far
