"""mark(mailbox): bring the categories of its copies in line with the truth, the last step."""

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
from webcrm_sync.store.incident_records import Thing
from webcrm_sync.store.items import item_records, marks
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_items
from webcrm_sync.store.mailboxes import Mailbox

#: Graph's limit for one batch (JSON batching).
BATCH = 20
_TRIES = 8
#: Of a copy in a version that is not known: what it carries is asked for before it is marked.
_UNKNOWN = Conflict("What the copy carries is not known.")
#: Kept in place of the stamp on a copy whose mailbox can take no more named properties.
NO_ROOM_FOR_STAMP = "-"


@dataclass(frozen=True, slots=True)
class Plan:
    """One copy and what is to be written on it; `marking` None = nothing."""

    item: Item
    marking: Marking | None


#: Copies whose categories are due, each with its mail's key.
Due = Sequence[tuple[Item, str]]


def mark(context: Context, mailbox_id: int) -> None:
    """Mark every copy of the mailbox that is due. Idempotent."""
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, mailbox_id)
        if box is None or box.shut_until(tx.now):
            return
    made_progress = False
    try:
        while due := _due(context, box):
            batch = partial(_mark_batch, context, box)
            isolate.run_batch(context, Job.MARK, due, batch, lambda one: _aside(one[0].id))
            made_progress = True
    except (TryLater, AccessLost) as error:
        back_off_mailbox(context, box, error, made_progress=made_progress)


def _due(context: Context, box: Mailbox) -> Due:
    """The next copies, but for those of which even the row cannot be read."""
    try:
        return _read_due(context, box)
    except Exception as error:
        if incidents.is_trouble(error):
            raise
    with context.begin() as tx:
        ids = marks.due_ids(tx, box.id, limit=BATCH)
    read, odd = isolate.try_each(
        context, ids, lambda item_id: _read_due(context, box, item_id), lambda i: _aside(i).name
    )
    for item_id, fault in odd:
        incidents.hold_back(context, Job.MARK, _aside(item_id), fault)
    return [one for some in read for one in some]


def _read_due(context: Context, box: Mailbox, item_id: int | None = None) -> Due:
    with context.begin() as tx:
        return marks.due(tx, box.id, limit=BATCH, item_id=item_id)


def _aside(item_id: int) -> Hold:
    """A copy keeps what it shows, for as long as it cannot be marked."""
    name = f"mark {item_id}"

    def hold(tx: Tx, detail: str) -> Thing:
        email_id = marks.hold(tx, item_id, detail=detail)
        return Thing(name, email_id)

    return Hold(name, hold)


def plan_marking(item: Item, stamp: Stamp) -> Marking | None:
    """What to write on a copy so that it tells the truth; None when it does already."""
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


def _mark_batch(context: Context, box: Mailbox, due: Due) -> None:
    """Write the truth on these copies, and note what came of it."""
    plans = [
        Plan(item, plan_marking(item, Stamp.synced(context.tenant_id, key))) for item, key in due
    ]
    markings = [p.marking for p in plans if p.marking is not None]
    known = [m for m in markings if m.change_key]
    answers = context.graph.mark(box.user_id, known) if known else []
    answers += [MarkingResult(m.graph_id, trouble=_UNKNOWN) for m in markings if not m.change_key]
    told = {answer.graph_id: answer for answer in answers}
    stale = [a.graph_id for a in answers if isinstance(a.trouble, Conflict)]
    fresh = context.graph.locations(box.user_id, stale) if stale else {}
    with context.begin() as tx:
        lock_items(tx, [p.item.id for p in plans])
        _settle(tx, [p for p in plans if _is_done(p, told)], told)
        for plan in plans:
            if not _is_done(plan, told):
                _record(tx, plan, told[plan.item.graph_id], fresh)
        emails.forget_contents(tx, [p.item.email_id for p in plans])
    throttled = [a.trouble for a in answers if isinstance(a.trouble, TryLater)]
    if asked := next((t for t in throttled if t.retry_at), None):
        raise asked


def _record(tx: Tx, plan: Plan, answer: MarkingResult, fresh: dict[str, Location | None]) -> None:
    item, marking = plan.item, plan.marking
    assert marking is not None
    match answer.trouble:
        case Conflict():
            _take_fresh(tx, item, fresh.get(item.graph_id))
        case _ if not answer.is_attempted:
            marks.postpone(tx, item.id, due_at=tx.now)
        case TryLater(retry_at=asked):
            is_first = asked is None and item.mark_attempts == 0
            due = (
                tx.now
                if is_first
                else next_attempt_at(tx.now, item.mark_attempts, not_before=asked)
            )
            attempts = item.mark_attempts + 1
            marks.postpone(tx, item.id, due_at=due, attempts=attempts)
        case Gone():
            _is_gone(tx, item)
        case Refused(code=code) if marking.stamp and code.casefold() == "errorquotaexceeded":
            item_records.set_stamp(tx, item.id, NO_ROOM_FOR_STAMP)
        case trouble:
            _refused(tx, item, str(trouble))


def _is_done(plan: Plan, told: Mapping[str, MarkingResult]) -> bool:
    """True for a copy that carries the truth now."""
    return plan.marking is None or told[plan.item.graph_id].trouble is None


def _settle(tx: Tx, plans: Sequence[Plan], told: Mapping[str, MarkingResult]) -> None:
    """These copies carry the truth; those that were filed are synced now."""
    marks.record_written(
        tx,
        [
            marks.Written(p.item.id, told[p.item.graph_id].change_key, m.categories, m.stamp)
            for p in plans
            if (m := p.marking)
        ],
    )
    _tell_synced(tx, marks.complete(tx, [p.item for p in plans]))


def _tell_synced(tx: Tx, items: Iterable[Item]) -> None:
    tx.record_events(
        NewEvent(EventKind.SYNCED, i.mailbox_id, i.email_id, {"took_s": _age_s(tx, i)})
        for i in items
    )


def _age_s(tx: Tx, item: Item) -> float:
    return round((tx.now - item.found_at).total_seconds(), 1)


def _take_fresh(tx: Tx, item: Item, location: Location | None) -> None:
    """Somebody changed the copy meanwhile: merge again from what is there now."""
    if location is None:
        _is_gone(tx, item)
        return
    item_records.observe(tx, item.id, location.change_key, location.categories)
    is_often = item.mark_attempts >= 4
    due_at = next_attempt_at(tx.now, item.mark_attempts) if is_often else tx.now
    marks.postpone(tx, item.id, due_at=due_at, attempts=item.mark_attempts + 1)


def _is_gone(tx: Tx, item: Item) -> None:
    if tx.now - item.found_at < READ_LAG:
        marks.postpone(tx, item.id, due_at=tx.now + timedelta(seconds=5))
        return
    item_records.set_folder(tx, item.id, None)
    _tell_synced(tx, marks.complete(tx, [item]))


def _refused(tx: Tx, item: Item, detail: str) -> None:
    """Outlook does not take the categories: tried a while, then a person must know.

    What stands in webCRM stays filed, so that the next try finds nothing else to do.
    """
    attempts = item.mark_attempts + 1
    marks.postpone(tx, item.id, due_at=next_attempt_at(tx.now, attempts + 2), attempts=attempts)
    if attempts >= _TRIES:
        marks.note_refusal(tx, item.id, detail)
    if attempts == _TRIES:
        facts = {"reason": Reason.REFUSED_BY_OUTLOOK.value, "detail": detail}
        tx.record_event(
            EventKind.PARKED, mailbox_id=item.mailbox_id, email_id=item.email_id, **facts
        )
