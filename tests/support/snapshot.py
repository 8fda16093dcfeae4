"""The results of a story as comparable lines: in the services, in the tables, and in the events."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping, text

from support.scenario import Scenario
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.outlook.store import Item, SimFolder

Lines = tuple[str, ...]
#: Events that may occur any number of times: pauses that are over.
_TROUBLE = frozenset({"mailbox waits", "mailbox answers again"})
#: The steps of every mail, in this order.
_STEPS = ("found", "matched", "filed", "synced")
#: Facts that differ between runs.
_VARYING = frozenset({"took_s", "activity"})

_COPIES = """
SELECT m.address, e.subject, i.state, i.reason, i.detail, f.place, i.categories, i.stamp,
       i.mark_due_at, i.mark_attempts, i.retry_at, i.graph_id, i.change_key
  FROM item i JOIN mailbox m ON m.id = i.mailbox_id JOIN email e ON e.id = i.email_id
  LEFT JOIN folder f ON f.id = i.folder_id
"""
_FILINGS = """
SELECT x.key, x.organisation_id, x.is_complete, x.is_withdrawn, x.last_error, e.content,
       x.activity_id, x.opportunity_id,
       (SELECT count(*) FROM document d WHERE d.filing_id = x.id) AS planned,
       (SELECT count(document_id) FROM document d WHERE d.filing_id = x.id) AS written
  FROM filing x JOIN email e ON e.id = x.email_id
"""
_MIRRORS = "SELECT activity_id, state, reason, draft, graph_id FROM mirror"
_TROUBLES = """
SELECT address AS who, trouble FROM mailbox WHERE trouble IS NOT NULL
UNION ALL SELECT 'webCRM', webcrm_trouble FROM company WHERE webcrm_trouble IS NOT NULL
"""
_EVENTS = """
SELECT e.subject, m.address, v.kind, v.facts FROM event v
  LEFT JOIN email e ON e.id = v.email_id LEFT JOIN mailbox m ON m.id = v.mailbox_id
 ORDER BY v.id
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The result of a story; equal for two runs with equal results.

    `histories`: the events per copy and per mail, in order. `disorder`: mails with events out of
    order.
    """

    activities: Lines
    documents: Lines
    mails: Lines
    copies: Lines
    filings: Lines
    mirrors: Lines
    histories: Lines
    disorder: Lines
    troubles: Lines


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event: its mail (None = an event of the mailbox), mailbox, kind and facts."""

    subject: str | None
    address: str | None
    kind: str
    facts: str


def take_snapshot(scenario: Scenario) -> Snapshot:
    """The present snapshot of a scenario."""
    items = {item.id: item for box in scenario.sandbox.outlook.mailboxes for item in box.items()}
    copies = Counter(item.subject for item in items.values())
    events = [_read_event(row) for row in _rows(scenario, _EVENTS)]
    return Snapshot(
        activities=_sorted(
            _activity(a, copies[a["ActivityDescription"]] > 1) for a in scenario.activities
        ),
        documents=_sorted(_document(scenario, d) for d in scenario.documents),
        mails=_sorted(line for box in scenario.sandbox.outlook.mailboxes for line in _mails(box)),
        copies=_sorted(_copy(row, items) for row in _rows(scenario, _COPIES)),
        filings=_sorted(_filing(scenario, row) for row in _rows(scenario, _FILINGS)),
        mirrors=_sorted(_mirror(row, items) for row in _rows(scenario, _MIRRORS)),
        histories=_sorted(_histories(events)),
        disorder=_sorted(_disorder(events)),
        troubles=_sorted(f"{row['who']}: {row['trouble']}" for row in _rows(scenario, _TROUBLES)),
    )


def differences(wanted: Snapshot, found: Snapshot) -> list[str]:
    """Lines that `found` lacks, and lines that it has in excess."""
    lines = []
    for part in fields(Snapshot):
        before, after = Counter(getattr(wanted, part.name)), Counter(getattr(found, part.name))
        lines += [f"{part.name}: missing {line}" for line in (before - after).elements()]
        lines += [f"{part.name}: in excess {line}" for line in (after - before).elements()]
    return lines


def _rows(scenario: Scenario, query: str) -> Sequence[RowMapping]:
    with scenario.context.begin() as tx:
        return tx.connection.execute(text(query)).mappings().all()


def _sorted(lines: Iterable[str]) -> Lines:
    return tuple(sorted(lines))


def _digest(content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return f"{len(raw)} bytes {hashlib.sha256(raw).hexdigest()[:8]}"


def _activity(record: Mapping[str, Any], is_shared: bool) -> str:
    """All fields except its id and the times that webCRM sets.

    The owner depends on the copy that was found first if a mail has several.
    """
    varying = {"ActivityId", "ActivityCreatedAt", "ActivityUpdatedAt"}
    varying |= {"ActivityAssignedTo"} if is_shared else set()
    stable = {k.removeprefix("Activity"): v for k, v in record.items() if k not in varying}
    return str(dict(sorted(stable.items())))


def _document(scenario: Scenario, record: Mapping[str, Any]) -> str:
    key_field = scenario.context.settings.webcrm_key_field
    keys = {a["ActivityId"]: a.get(key_field) for a in scenario.activities}
    under = keys.get(record["DocumentLinkedEntityId"])
    names = (record["DocumentFileName"], record.get("DocumentOrganisationId"))
    return f"{names} of {under}: {_digest(record['DocumentFile'])}"


def _mails(box: SimMailbox) -> Iterable[str]:
    for item in box.items():
        files = [a.attachment.name for a in item.attachments]
        head = (item.subject, item.message_id, item.is_draft, item.is_read, files)
        marks = (item.categories, sorted(item.properties.items()))
        yield f"{box.address} {_path(item.folder)}: {head} {marks} {_digest(item.body)}"


def _path(folder: SimFolder) -> str:
    return f"{_path(folder.parent)}/{folder.name}" if folder.parent else ""


def _copy(row: RowMapping, items: Mapping[str, Item]) -> str:
    """A copy's row, and whether the mailbox agrees with it."""
    item = items.get(row["graph_id"])
    is_known = item is not None and item.change_key == row["change_key"]
    facts = {k: v for k, v in row.items() if k not in {"graph_id", "change_key"}}
    return f"{facts} {'as in Outlook' if is_known else 'NOT as in Outlook'}"


def _filing(scenario: Scenario, row: RowMapping) -> str:
    key_field = scenario.context.settings.webcrm_key_field
    keys = {a["ActivityId"]: a.get(key_field) for a in scenario.activities}
    has_key = keys.get(row["activity_id"]) == row["key"]
    facts = {k: v for k, v in row.items() if k != "activity_id"}
    return f"{facts} {'as in webCRM' if has_key else 'NOT as in webCRM'}"


def _mirror(row: RowMapping, items: Mapping[str, Item]) -> str:
    item = items.get(row["graph_id"] or "")
    facts = {k: v for k, v in row.items() if k != "graph_id"}
    return f"{facts} {item.subject if item else 'NOT in Outlook'}"


def _read_event(row: RowMapping) -> RecordedEvent:
    facts = {k: v for k, v in sorted(row["facts"].items()) if k not in _VARYING}
    return RecordedEvent(row["subject"], row["address"], row["kind"], str(facts))


def _histories(events: Sequence[RecordedEvent]) -> Iterable[str]:
    """The events of each copy, each mail and each mailbox, in order.

    One mail's Activities are written in any order.
    """
    owners = sorted({(str(t.subject), str(t.address)) for t in events})
    for subject, address in owners:
        own = [t for t in events if (str(t.subject), str(t.address)) == (subject, address)]
        lines: list[str] = []
        for kind, group in groupby(own, key=lambda t: t.kind):
            if kind not in _TROUBLE:
                lines += sorted(f"{t.kind} {t.facts}" for t in group)
        yield f"{subject} in {address}: {' | '.join(lines)}"


def _disorder(events: Sequence[RecordedEvent]) -> Iterable[str]:
    """The mails with a step before the step that it requires."""
    for subject in sorted({t.subject for t in events if t.subject}):
        kinds = [t.kind for t in events if t.subject == subject]
        first = [kinds.index(step) for step in _STEPS if step in kinds]
        last = {step: len(kinds) - 1 - kinds[::-1].index(step) for step in _STEPS if step in kinds}
        is_early = "synced" in kinds and kinds.index("synced") < last.get("filed", 0)
        if first != sorted(first) or is_early:
            yield f"{subject}: {kinds}"
