"""mark(mailbox): writes our categories on copies, so that Outlook shows their states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from webcrm_sync.core.categories import Mark, has_mark, merge_categories
from webcrm_sync.core.errors import AccessLost, Conflict, Gone, Refused, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import Stamp
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import READ_LAG, Location, Marking, MarkingResult
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.states import Reason, mark_for
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.store import emails, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.events import NewEvent
from webcrm_sync.store.incident_records import IncidentSubject
from webcrm_sync.store.items import item_records, marks
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_items
from webcrm_sync.store.mailboxes import Mailbox

#: Graph's limit for one batch (JSON batching).
BATCH = 20
#: Refusals after which a person must know.
_MAX_ATTEMPTS = 8
#: The result for a copy in an unknown version: its categories are read before it is marked.
_UNKNOWN_VERSION = Conflict("The categories of the copy are not known.")
#: Recorded in place of a stamp when the mailbox has no room for another named property.
NO_ROOM_FOR_STAMP = "-"


@dataclass(frozen=True, slots=True)
class Plan:
    """One copy and what to write on it. `marking`: None if nothing."""

    item: Item
    marking: Marking | None


#: Copies whose marks are due, each with its mail's key.
DueCopies = Sequence[tuple[Item, str]]


def mark(context: Context, mailbox_id: int) -> None:
    """Mark every copy of the mailbox that is due. Idempotent."""
    with context.reading() as tx:
        box = mailboxes.read_mailbox(tx, mailbox_id)
        if box is None or not box.may_be_written(tx.now):
            return
    made_progress = False
    try:
        while due := _read_due(context, box):
            batch = partial(_mark_batch, context, box)
            isolate.run_batch(context, Job.MARK, due, batch, lambda one: _hold_of(one[0].id))
            made_progress = True
    except (TryLater, AccessLost) as error:
        back_off_mailbox(context, box, error, made_progress=made_progress)


def _read_due(context: Context, box: Mailbox) -> DueCopies:
    """The next due copies, without those whose rows cannot be read: they are held back."""
    try:
        return _query_due(context, box)
    except Exception as error:
        if incidents.is_trouble(error):
            raise
    with context.reading() as tx:
        ids = marks.due_ids(tx, box.id, limit=BATCH)
    read, odd = isolate.try_each(
        context,
        "read",
        ids,
        lambda item_id: _query_due(context, box, item_id),
        lambda i: _hold_of(i).name,
    )
    for item_id, fault in odd:
        incidents.hold_back(context, Job.MARK, _hold_of(item_id), fault)
    return [one for some in read for one in some]


def _query_due(context: Context, box: Mailbox, item_id: int | None = None) -> DueCopies:
    with context.reading() as tx:
        return marks.due(tx, box.id, limit=BATCH, item_id=item_id)


def _hold_of(item_id: int) -> Hold:
    """How to hold back a copy that cannot be marked: it keeps the categories that it shows."""
    name = f"mark {item_id}"

    def apply(tx: Tx, detail: str) -> IncidentSubject:
        email_id = marks.hold(tx, item_id, detail=detail)
        return IncidentSubject(name, email_id)

    return Hold(name, apply)


def plan_marking(item: Item, stamp: Stamp) -> Marking | None:
    """What to write on a copy so that it shows its state; None if it does already."""
    wanted = mark_for(item.state, item.reason, is_here=item.folder_id is not None)
    if wanted is None:
        return None
    lacks_stamp = wanted is Mark.SYNCED and not item.stamp
    if has_mark(item.categories, wanted) and not lacks_stamp:
        return None
    return Marking(
        graph_id=item.graph_id,
        change_key=item.change_key,
        categories=merge_categories(item.categories, wanted),
        stamp=str(stamp) if lacks_stamp else None,
    )


def _mark_batch(context: Context, box: Mailbox, due: DueCopies) -> None:
    """Write the marks of these copies and record the results.

    Raises TryLater when Graph names a time to wait.
    """
    plans = [
        Plan(item, plan_marking(item, Stamp.synced(context.tenant_id, key))) for item, key in due
    ]
    markings = [p.marking for p in plans if p.marking is not None]
    known = [m for m in markings if m.change_key]
    results = context.graph.mark_mails(box.user_id, known) if known else []
    results += [
        MarkingResult(m.graph_id, trouble=_UNKNOWN_VERSION) for m in markings if not m.change_key
    ]
    by_id = {result.graph_id: result for result in results}
    stale = [r.graph_id for r in results if isinstance(r.trouble, Conflict)]
    current = context.graph.fetch_locations(box.user_id, stale) if stale else {}
    with context.begin() as tx:
        lock_items(tx, [p.item.id for p in plans])
        _record_done(tx, [p for p in plans if _is_done(p, by_id)], by_id)
        for plan in plans:
            if not _is_done(plan, by_id):
                _record_failure(tx, plan, by_id[plan.item.graph_id], current)
        emails.forget_contents(tx, [p.item.email_id for p in plans])
    throttled = [r.trouble for r in results if isinstance(r.trouble, TryLater)]
    if with_time := next((t for t in throttled if t.retry_at), None):
        raise with_time


def _record_failure(
    tx: Tx, plan: Plan, result: MarkingResult, current: Mapping[str, Location | None]
) -> None:
    item, marking = plan.item, plan.marking
    assert marking is not None
    match result.trouble:
        case Conflict():
            _replan(tx, item, current.get(item.graph_id))
        case _ if not result.is_attempted:
            marks.postpone(tx, item.id, due_at=tx.now)
        case TryLater(retry_at=not_before):
            is_first = not_before is None and item.mark_attempts == 0
            due = (
                tx.now
                if is_first
                else next_attempt_at(tx.now, item.mark_attempts, not_before=not_before)
            )
            attempts = item.mark_attempts + 1
            marks.postpone(tx, item.id, due_at=due, attempts=attempts)
        case Gone():
            _record_gone(tx, item)
        case Refused(code=code) if marking.stamp and code.casefold() == "errorquotaexceeded":
            item_records.set_stamp(tx, item.id, NO_ROOM_FOR_STAMP)
        case trouble:
            _record_refusal(tx, item, str(trouble))


def _is_done(plan: Plan, results: Mapping[str, MarkingResult]) -> bool:
    """True if the copy shows its state now."""
    return plan.marking is None or results[plan.item.graph_id].trouble is None


def _record_done(tx: Tx, plans: Sequence[Plan], results: Mapping[str, MarkingResult]) -> None:
    """Record what was written on these copies; filed ones become synced."""
    marks.record_written(
        tx,
        [
            marks.Written(p.item.id, results[p.item.graph_id].change_key, m.categories, m.stamp)
            for p in plans
            if (m := p.marking)
        ],
    )
    _record_synced(tx, marks.complete(tx, [p.item for p in plans]))


def _record_synced(tx: Tx, items: Iterable[Item]) -> None:
    tx.record_events(
        NewEvent(EventKind.SYNCED, i.mailbox_id, i.email_id, {"took_s": _age_s(tx, i)})
        for i in items
    )


def _age_s(tx: Tx, item: Item) -> float:
    return round((tx.now - item.found_at).total_seconds(), 1)


def _replan(tx: Tx, item: Item, location: Location | None) -> None:
    """Have a copy that changed meanwhile marked again, from the categories it carries now."""
    if location is None:
        _record_gone(tx, item)
        return
    item_records.observe(tx, item.id, location.change_key, location.categories)
    is_repeated = item.mark_attempts >= 4
    due_at = next_attempt_at(tx.now, item.mark_attempts) if is_repeated else tx.now
    marks.postpone(tx, item.id, due_at=due_at, attempts=item.mark_attempts + 1)


def _record_gone(tx: Tx, item: Item) -> None:
    """Record that the copy no longer exists; retry a new one, which Graph may not find yet."""
    if tx.now - item.found_at < READ_LAG:
        marks.postpone(tx, item.id, due_at=tx.now + timedelta(seconds=5))
        return
    item_records.set_folder(tx, item.id, None)
    _record_synced(tx, marks.complete(tx, [item]))


def _record_refusal(tx: Tx, item: Item, detail: str) -> None:
    """Schedule another attempt; after `_MAX_ATTEMPTS`, record for people that Outlook refuses.

    The copy stays filed, so that the next attempt only marks it.
    """
    attempts = item.mark_attempts + 1
    marks.postpone(tx, item.id, due_at=next_attempt_at(tx.now, attempts + 2), attempts=attempts)
    if attempts >= _MAX_ATTEMPTS:
        marks.note_refusal(tx, item.id, detail)
    if attempts == _MAX_ATTEMPTS:
        facts = {"reason": Reason.REFUSED_BY_OUTLOOK.value, "detail": detail}
        tx.record_event(
            EventKind.PARKED, mailbox_id=item.mailbox_id, email_id=item.email_id, **facts
        )
