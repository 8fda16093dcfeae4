"""Reads from Graph what a page does not say, before the transaction that writes the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from webcrm_sync.core.errors import Gone, Refused, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.message import Message
from webcrm_sync.core.outlook import Change, Location
from webcrm_sync.core.same_mail import Files
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.arrivals import Arrival, is_new_copy
from webcrm_sync.engine.discovery.mail_candidates import read_files
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.engine.fault_isolation.crash_markers import crash_marker
from webcrm_sync.graph.guards import EntryGuard
from webcrm_sync.store import mailboxes
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder

#: Failed readings of a mailbox before a mail that Graph lists but does not return is given up.
_MAX_ATTEMPTS = 3

#: What was raised about copies, by Graph id.
Faults = dict[str, Exception]


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What Graph says about the copies of a page; every mapping is by Graph id.

    `arrivals`: new copies. `locations`: where removed copies are now, None if they no longer
    exist. `files`: of copies that only their files may tell apart. `faults`: what reading raised.
    """

    arrivals: Mapping[str, Arrival]
    locations: Mapping[str, Location | None]
    files: Mapping[str, Files]
    faults: Mapping[str, Exception] = field(default_factory=dict)


def read_page_facts(
    context: Context, box: Mailbox, folder: SyncFolder, changes: Sequence[Change]
) -> PageFacts:
    """The facts about these changes. A copy that raises has its exception in `faults`.

    Raises TryLater while Graph lists a mail that it does not return yet.
    """
    if len(changes) == 1:  # so whatever ends the worker is about this copy
        return _read_facts_alone(context, box, folder, changes[0])
    facts, odd = isolate.try_batch(
        changes, lambda some: _read_page_facts(context, box, folder, some)
    )
    return replace(facts, faults={**facts.faults, **{c.graph_id: fault for c, fault in odd}})


def _read_facts_alone(
    context: Context, box: Mailbox, folder: SyncFolder, change: Change
) -> PageFacts:
    found, odd = isolate.try_each(
        context,
        "look up",
        [change],
        lambda one: _read_page_facts(context, box, folder, [one]),
        lambda one: _copy_name(box, one.graph_id),
    )
    return found[0] if found else PageFacts({}, {}, {}, {change.graph_id: odd[0][1]})


def guard_entry(context: Context, box: Mailbox) -> EntryGuard:
    """A crash marker around the reading of each entry: a copy whose entry kills is unreadable."""
    return lambda graph_id: crash_marker(context, "read an entry", _copy_name(box, graph_id))


def _read_page_facts(
    context: Context, box: Mailbox, folder: SyncFolder, changes: Sequence[Change]
) -> PageFacts:
    removed = [c.graph_id for c in changes if c.is_removed]
    with context.reading() as tx:
        known = lookup.known_items(tx, box.id, [c.graph_id for c in changes])
        sync_folders = {f.graph_id for f in mailboxes.folders(tx, box.id)} if removed else set()
    faults: Faults = {c.graph_id: c.fault for c in changes if c.fault is not None}
    locations = _read_locations(context, box, removed, faults)
    in_sync_folders = [i for i, at in locations.items() if at and at.folder_id in sync_folders]
    # Graph says only "removed" of a copy that was moved in, out and in again between two readings.
    returned = [i for i in in_sync_folders if _is_unread(known.get(i), None)]
    incomplete = [
        c.graph_id
        for c in changes
        if not (c.is_removed or c.message or c.fault)
        and _is_unread(known.get(c.graph_id), c.change_key)
    ]
    arrivals = _prepare_arrivals(context, box, changes, known, faults)
    arrivals |= _fetch_arrivals(context, box, dict.fromkeys(returned + incomplete), faults)
    gone = locations.keys() - set(in_sync_folders)
    here = [(i, arrival) for i, arrival in arrivals.items() if i not in gone and i not in faults]
    files, odd = isolate.try_batch(here, lambda some: read_files(context, box, dict(some)))
    faults |= {graph_id: fault for (graph_id, _), fault in odd}
    readable = {i: arrival for i, arrival in here if i not in faults}
    return PageFacts(readable, locations, files, faults)


def _is_unread(known: Item | None, change_key: str | None) -> bool:
    """True unless the copy was read, or was unreadable in this version: our mark comes back."""
    return known is None or (known.is_bare and known.change_key != change_key)


def _copy_name(box: Mailbox, graph_id: str) -> str:
    return f"copy {box.id}:{graph_id}"


def _read_locations(
    context: Context, box: Mailbox, graph_ids: Sequence[str], faults: Faults
) -> Mapping[str, Location | None]:
    """Where these copies are now, by Graph id; adds to `faults`."""
    if not graph_ids:
        return {}
    locations, odd = isolate.try_batch(
        graph_ids, lambda some: context.graph.fetch_locations(box.user_id, some) if some else {}
    )
    faults |= dict(odd)
    return locations


def _prepare_arrivals(
    context: Context,
    box: Mailbox,
    changes: Sequence[Change],
    known: Mapping[str, Item],
    faults: Faults,
) -> dict[str, Arrival]:
    """The new copies that the page contains as a whole; adds to `faults`."""
    new = [
        c.message
        for c in changes
        if c.message is not None and is_new_copy(known.get(c.graph_id), c.message)
    ]
    unread, odd_messages = isolate.try_each(
        context,
        "read",
        new,
        partial(_arrival, context),
        lambda message: _copy_name(box, message.graph_id),
    )
    arrivals, odd_bodies = isolate.try_each(
        context,
        "read the body",
        unread,
        lambda arrival: arrival.with_body_read(context.body_reader),
        lambda arrival: _copy_name(box, arrival.message.graph_id),
    )
    faults |= {message.graph_id: fault for message, fault in odd_messages}
    faults |= {arrival.message.graph_id: fault for arrival, fault in odd_bodies}
    return {arrival.message.graph_id: arrival for arrival in arrivals}


def _fetch_arrivals(
    context: Context, box: Mailbox, graph_ids: Iterable[str], faults: Faults
) -> dict[str, Arrival]:
    """Copies that the page only names, each read by a call of its own; adds to `faults`."""
    fetched, odd = isolate.try_each(
        context,
        "fetch",
        graph_ids,
        lambda graph_id: (graph_id, _fetch_arrival(context, box, graph_id)),
        lambda graph_id: _copy_name(box, graph_id),
    )
    faults |= dict(odd)
    return {graph_id: arrival for graph_id, arrival in fetched if arrival}


def _fetch_arrival(context: Context, box: Mailbox, graph_id: str) -> Arrival | None:
    """The copy, or None if it is gone or Graph keeps refusing it: an event then says so.

    Raises TryLater in the first attempts: Graph may list a mail before it returns it.
    """
    try:
        message = context.graph.fetch_message(box.user_id, graph_id)
    except Gone as error:
        if box.attempts < _MAX_ATTEMPTS:
            raise TryLater("Outlook lists a mail that it does not return yet.") from error
        return None
    except Refused as error:
        if box.attempts < _MAX_ATTEMPTS:
            raise TryLater(str(error), code=error.code) from error
        with context.begin() as tx:
            tx.record_event(EventKind.MAIL_UNREADABLE, mailbox_id=box.id, detail=str(error))
        return None
    return _arrival(context, message).with_body_read(context.body_reader)


def _arrival(context: Context, message: Message) -> Arrival:
    return Arrival.of(message, context.settings.along.text)
