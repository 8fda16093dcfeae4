"""Creates mirrors in Exchange, each exactly once.

The intent is committed first, then one request creates the whole mail. After an unclear answer the
mirror is searched for by its stamp before anything is created again.
"""

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
from webcrm_sync.store.incident_records import IncidentSubject
from webcrm_sync.store.mailboxes import Mailbox
from webcrm_sync.store.mirrors import Mirror
from webcrm_sync.store.schedule import NEVER

_BATCH = 20


def create_due_mirrors(context: Context) -> None:
    """Create or search for every mirror that is due. Idempotent."""
    while True:
        with context.begin() as tx:
            due = mirrors.due(tx, limit=_BATCH)
        if not due:
            return
        isolate.run_each(
            context, "write the mirror", due, partial(_create_or_search, context), _hold_of
        )


def _hold_of(mirror: Mirror) -> Hold:
    name = f"mirror {mirror.activity_id}"

    def apply(tx: Tx, detail: str) -> IncidentSubject:
        mirrors.hold(tx, mirror, verify_at=tx.now + verification.FIRST_SEARCH)
        return IncidentSubject(name, mailbox_id=mirror.mailbox_id)

    return Hold(name, apply)


def _create_or_search(context: Context, mirror: Mirror) -> None:
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, mirror.mailbox_id) if mirror.mailbox_id else None
        folders = mailboxes.folders(tx, box.id) if box else []
        if box is None:
            mirrors.set_mirror(
                tx, mirror, state=mirrors.NONE, reason="the mailbox was removed", draft=None
            )
            return
        folder = next((f for f in folders if f.place is Place.SENT), None)
        if folder is None or not box.may_be_written(tx.now):
            due_at = max(box.pause_end(tx.now) or tx.now, next_attempt_at(tx.now, 1))
            mirrors.set_mirror(tx, mirror, due_at=due_at)
            return
    try:
        if mirror.state == mirrors.INTENDED:
            _search(context, box, mirror)
        else:
            _create(context, box, mirror, folder.graph_id)
    except SyncError as error:
        if isinstance(error, TryLater | AccessLost):
            back_off_mailbox(context, box, error)
        with context.begin() as tx:
            mirrors.set_mirror(tx, mirror, due_at=next_attempt_at(tx.now, mirror.attempts))


def _create(context: Context, box: Mailbox, mirror: Mirror, folder_id: str) -> None:
    """Commit the intent, then create the mail complete."""
    mail = _sent_mail(context, box, mirror)
    intended = replace(mirror, state=mirrors.INTENDED)
    with context.begin() as tx:
        attempts = mirror.attempts + 1
        values = {"state": intended.state, "intent_at": tx.now, "searches": 0, "attempts": attempts}
        if not mirrors.set_mirror(tx, mirror, **values):
            return  # another run creates it
    try:
        created = context.graph.create_sent_mail(box.user_id, folder_id, mail)
    except Unclear:
        with context.begin() as tx:
            # Exchange may have created it just now, and its search lags.
            first_search = tx.now + verification.FIRST_SEARCH
            mirrors.set_mirror(tx, intended, due_at=first_search, intent_at=tx.now)
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
    """Record the mirror. A draft is deleted, as it cannot become sent (Graph: message flags)."""
    if created.is_draft:
        with suppress(Gone):
            context.graph.delete_mail(box.user_id, created.graph_id)
        _give_up(context, box, intended, Refused("Exchange made a draft of it."))
        return
    _record_mirrored(context, box, intended, created.graph_id)


def _search(context: Context, box: Mailbox, mirror: Mirror) -> None:
    """Search for a mirror by its stamp after an unclear answer."""
    found = context.graph.find_stamped_mails(box.user_id, str(Stamp.mirror(mirror.activity_id)))
    if found:
        _record_created(context, box, mirror, found[0])
        return
    assert mirror.intent_at is not None
    searches, settle = mirror.searches + 1, context.settings.search_lag
    with context.begin() as tx:
        decision = verification.decide_after_search(
            intent_at=mirror.intent_at, searches=searches, now=tx.now, settle=settle
        )
        if decision is VerifyDecision.NOT_THERE:
            # Exchange may fail on this mail each time, so the delay grows.
            due_at = next_attempt_at(tx.now, mirror.attempts) if mirror.attempts > 1 else tx.now
            due_at = NEVER if mirror.reason == mirrors.UNFORESEEN else due_at
            mirrors.set_mirror(tx, mirror, state=mirrors.PLANNED, due_at=due_at)
            return
        next_search = verification.next_search_at(
            intent_at=mirror.intent_at, now=tx.now, settle=settle
        )
        mirrors.set_mirror(tx, mirror, searches=searches, due_at=next_search)


def _sent_mail(context: Context, box: Mailbox, mirror: Mirror) -> SentMail:
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


def _record_mirrored(context: Context, box: Mailbox, mirror: Mirror, graph_id: str) -> None:
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
