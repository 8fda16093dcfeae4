"""One mirror: the intent, the one complete POST, and the look after an unclear answer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from webcrm_sync.core import verification
from webcrm_sync.core.categories import Mark, merge_categories
from webcrm_sync.core.errors import AccessLost, Gone, Refused, SyncError, TryLater, Unclear
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import Stamp, mirror_message_id
from webcrm_sync.core.outlook import CreatedMail, Place, SentMail
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.verification import VerifyDecision
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.store import mailboxes, mirrors
from webcrm_sync.store.database import Tx
from webcrm_sync.store.incident_records import Thing
from webcrm_sync.store.mailboxes import Mailbox
from webcrm_sync.store.mirrors import Mirror
from webcrm_sync.store.schedule import NEVER

_BULK = 20


def create_due_mirrors(context: Context) -> None:
    """Write every mirror that is due, each exactly once."""
    while True:
        with context.begin() as tx:
            due = mirrors.due(tx, limit=_BULK)
        if not due:
            return
        isolate.run_each(context, "write the mirror", due, partial(_create_mirror, context), _aside)


def _aside(mirror: Mirror) -> Hold:
    name = f"mirror {mirror.activity_id}"

    def hold(tx: Tx, detail: str) -> Thing:
        mirrors.hold(tx, mirror, verify_at=tx.now + verification.FIRST_SEARCH)
        return Thing(name, mailbox_id=mirror.mailbox_id)

    return Hold(name, hold)


def _create_mirror(context: Context, mirror: Mirror) -> None:
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, mirror.mailbox_id) if mirror.mailbox_id else None
        folders = mailboxes.folders(tx, box.id) if box else []
        if box is None:
            gone = "the mailbox was removed"
            mirrors.set_mirror(tx, mirror, state=mirrors.NONE, reason=gone, draft=None)
            return
        folder = next((f for f in folders if f.place is Place.SENT), None)
        if folder is None or box.shut_until(tx.now):
            due_at = max(box.gate_at or tx.now, next_attempt_at(tx.now, 1))
            mirrors.set_mirror(tx, mirror, due_at=due_at)
            return
    try:
        if mirror.state == mirrors.INTENDED:
            _look_for(context, box, mirror)
        else:
            _create(context, box, mirror, folder.graph_id)
    except SyncError as error:
        if isinstance(error, TryLater | AccessLost):
            back_off_mailbox(context, box, error)
        with context.begin() as tx:
            mirrors.set_mirror(tx, mirror, due_at=next_attempt_at(tx.now, mirror.attempts))


def _create(context: Context, box: Mailbox, mirror: Mirror, folder_id: str) -> None:
    """Commit the intent, then create the mail complete."""
    mail = _mail(context, box, mirror)
    intended = replace(mirror, state=mirrors.INTENDED)
    with context.begin() as tx:
        attempts = mirror.attempts + 1
        values = {"state": intended.state, "intent_at": tx.now, "looks": 0, "attempts": attempts}
        if not mirrors.set_mirror(tx, mirror, **values):
            return  # another run is at it
    try:
        created = context.graph.create_sent(box.user_id, folder_id, mail)
    except Unclear:
        with context.begin() as tx:
            # It may have been written just now: the search's lag counts from here.
            first = tx.now + verification.FIRST_SEARCH
            mirrors.set_mirror(tx, intended, due_at=first, intent_at=tx.now)
        return
    except (TryLater, AccessLost):
        with context.begin() as tx:
            mirrors.set_mirror(tx, intended, state=mirrors.PLANNED)
        raise
    except (Refused, Gone) as error:
        _give_up(context, box, intended, error)
        return
    _record_created(context, box, intended, created)


def _record_created(context: Context, box: Mailbox, intended: Mirror, created: CreatedMail) -> None:
    """Take what Graph made; a draft is taken back, since it cannot be made a sent mail.

    (Microsoft Graph: message flags.)
    """
    if created.is_draft:
        with suppress(Gone):
            context.graph.delete(box.user_id, created.graph_id)
        _give_up(context, box, intended, Refused("Exchange made a draft of it."))
        return
    _mirrored(context, box, intended, created.graph_id)


def _look_for(context: Context, box: Mailbox, mirror: Mirror) -> None:
    """After an unclear answer: a mirror that stands carries our stamp."""
    found = context.graph.find_stamped(box.user_id, str(Stamp.mirror(mirror.activity_id)))
    if found:
        _record_created(context, box, mirror, found[0])
        return
    assert mirror.intent_at is not None
    looks, settle = mirror.looks + 1, context.settings.search_lag
    with context.begin() as tx:
        decision = verification.decide_after_search(
            intent_at=mirror.intent_at, searches=looks, now=tx.now, settle=settle
        )
        if decision is VerifyDecision.NOT_THERE:
            # Again and again less often: Exchange may fail on this one mail.
            due_at = next_attempt_at(tx.now, mirror.attempts) if mirror.attempts > 1 else tx.now
            due_at = NEVER if mirror.reason == mirrors.UNFORESEEN else due_at
            mirrors.set_mirror(tx, mirror, state=mirrors.PLANNED, due_at=due_at)
            return
        again = verification.next_search_at(intent_at=mirror.intent_at, now=tx.now, settle=settle)
        mirrors.set_mirror(tx, mirror, looks=looks, due_at=again)


def _mail(context: Context, box: Mailbox, mirror: Mirror) -> SentMail:
    draft = mirror.draft or {}
    return SentMail(
        message_id=mirror_message_id(
            context.tenant_id, mirror.activity_id, box.address.rpartition("@")[2]
        ),
        subject=draft["subject"],
        body=draft["body"],
        body_is_html=bool(draft["is_html"]),
        sender_name=box.display_name,
        sender_address=box.address,
        recipient_name=draft["recipient_name"],
        recipient_address=draft["recipient_address"],
        sent_at=datetime.fromisoformat(draft["sent_at"]),
        categories=merge_categories((), Mark.SYNCED),
        stamp=str(Stamp.mirror(mirror.activity_id)),
    )


def _mirrored(context: Context, box: Mailbox, mirror: Mirror, graph_id: str) -> None:
    with context.begin() as tx:
        if mirrors.record_created(tx, mirror.activity_id, graph_id):
            tx.record_event(
                EventKind.MIRROR_CREATED, mailbox_id=box.id, activity=mirror.activity_id
            )


def _give_up(context: Context, box: Mailbox, mirror: Mirror, error: SyncError) -> None:
    with context.begin() as tx:
        mirrors.set_mirror(
            tx, mirror, state=mirrors.NONE, reason=str(error), draft=None, due_at=None
        )
        tx.record_event(
            EventKind.MIRROR_REFUSED,
            mailbox_id=box.id,
            activity=mirror.activity_id,
            detail=str(error),
        )
