"""What has to be asked of Graph about a page before it can be recorded, each mail by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from webcrm_sync.core.errors import Gone, Refused, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.outlook import Change, Location
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery import page_writer, same_mails
from webcrm_sync.engine.discovery.arrivals import Arrival
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.store import mailboxes
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: So often a mail that Graph tells of and does not find is waited for.
_PATIENCE = 3

Faults = dict[str, Exception]


def read_page_context(
    context: Context, box: Mailbox, folder: SyncFolder, changes: Sequence[Change]
) -> page_writer.PageContext:
    """The facts about a page. Raises TryLater while Graph does not find a mail it tells of."""
    facts, odd = isolate.try_batch(
        changes, lambda some: _read_page_context(context, box, folder, some)
    )
    return replace(facts, faults={**facts.faults, **{c.graph_id: fault for c, fault in odd}})


def _read_page_context(
    context: Context, box: Mailbox, folder: SyncFolder, changes: Sequence[Change]
) -> page_writer.PageContext:
    removed = [c.graph_id for c in changes if c.is_removed]
    with context.begin() as tx:
        known = lookup.known_items(tx, box.id, [c.graph_id for c in changes])
        ours = {f.graph_id for f in mailboxes.folders(tx, box.id)} if removed else set()
    faults = {c.graph_id: c.fault for c in changes if c.fault is not None}
    locations = _locations(context, box, removed, faults)
    # Moved in and out and in again between two rounds is told as "removed" alone.
    hidden = [
        i for i, at in locations.items() if at and at.folder_id in ours and _is_unread(known.get(i))
    ]
    bare = [
        c.graph_id
        for c in changes
        if not (c.is_removed or c.message or c.fault) and _is_unread(known.get(c.graph_id))
    ]
    arrivals = _carried(context, box, changes, known, faults)
    for graph_id, arrival in _fetched(context, box, dict.fromkeys(hidden + bare), faults):
        if arrival:
            arrivals[graph_id] = arrival
    left = {i for i, at in locations.items() if at is None or at.folder_id not in ours}
    here = [(i, arrival) for i, arrival in arrivals.items() if i not in left and i not in faults]
    files, odd = isolate.try_batch(here, lambda some: same_mails.files_of(context, box, dict(some)))
    faults |= {graph_id: error for (graph_id, _), error in odd}
    fine = {i: arrival for i, arrival in here if i not in faults}
    return page_writer.PageContext(fine, locations, files, faults)


def _is_unread(known: Item | None) -> bool:
    return known is None or known.is_bare


def _name(box: Mailbox, graph_id: str) -> str:
    return f"copy {box.id}:{graph_id}"


def _locations(
    context: Context, box: Mailbox, graph_ids: Sequence[str], faults: Faults
) -> Mapping[str, Location | None]:
    if not graph_ids:
        return {}
    locations, odd = isolate.try_batch(
        graph_ids, lambda some: context.graph.locations(box.user_id, some) if some else {}
    )
    faults |= dict(odd)
    return locations


def _carried(
    context: Context,
    box: Mailbox,
    changes: Sequence[Change],
    known: Mapping[str, Item],
    faults: Faults,
) -> dict[str, Arrival]:
    """The new copies that the page brings whole."""
    new = [
        c.message
        for c in changes
        if c.message is not None and page_writer.is_new(known.get(c.graph_id), c.message)
    ]
    with page_writer.ONE_PAGE:
        made, odd = isolate.try_each(
            context, new, Arrival.of, lambda message: _name(box, message.graph_id)
        )
    faults |= {message.graph_id: error for message, error in odd}
    # Not within the lock: a large body may take its process seconds.
    read, unread = isolate.try_each(
        context,
        made,
        lambda arrival: arrival.read_by(context.reader),
        lambda arrival: _name(box, arrival.message.graph_id),
    )
    faults |= {arrival.message.graph_id: error for arrival, error in unread}
    return {arrival.message.graph_id: arrival for arrival in read}


def _fetched(
    context: Context, box: Mailbox, graph_ids: Iterable[str], faults: Faults
) -> list[tuple[str, Arrival | None]]:
    """The mails behind lines that did not carry them."""
    done, odd = isolate.try_each(
        context,
        graph_ids,
        lambda graph_id: (graph_id, _arrival(context, box, graph_id)),
        lambda graph_id: _name(box, graph_id),
    )
    faults |= dict(odd)
    return done


def _arrival(context: Context, box: Mailbox, graph_id: str) -> Arrival | None:
    """The mail behind a line that did not carry it, None when it has left again.

    Raises TryLater while Graph may only not find it yet. One that Graph does not let us read is
    told of in the mailbox's story, and holds nothing up.
    """
    try:
        message = context.graph.message(box.user_id, graph_id)
    except Gone as error:
        if box.attempts < _PATIENCE:
            raise TryLater("Outlook tells of a mail that it does not find yet.") from error
        return None
    except Refused as error:
        if box.attempts < _PATIENCE:
            raise TryLater(str(error), code=error.code) from error
        with context.begin() as tx:
            tx.record_event(EventKind.MAIL_UNREADABLE, mailbox_id=box.id, detail=str(error))
        return None
    return Arrival.of(message).read_by(context.reader)
