"""webCRM's REST API as the product uses it: logged in, one call at a time, in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

import httpx

from webcrm_sync.core.crm import (
    ActivityDraft,
    CrmUser,
    DocumentDraft,
    DocumentRow,
    Field,
    KeyedActivity,
    OddRecord,
    OrganisationRow,
    PersonRow,
    Rejected,
    SentActivity,
    Written,
)
from webcrm_sync.core.errors import Gone, Refused, SyncError
from webcrm_sync.core.times import for_webcrm
from webcrm_sync.core.trail import Trail
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.settings import Settings
from webcrm_sync.webcrm import changes, wire
from webcrm_sync.webcrm.changes import ActivityChange, PersonDraft
from webcrm_sync.webcrm.outgoing import BOUNDS
from webcrm_sync.webcrm.query import Select, UnsafeText
from webcrm_sync.webcrm.rate_limit import RateLimiter
from webcrm_sync.webcrm.requests import StreamedBody, document_body, documents_body
from webcrm_sync.webcrm.transport import NEVER, Params, Transport

T = TypeVar("T")

#: The largest page (webCRM's Swagger: Size).
PAGE = 1000


class WebCrm:
    """One webCRM system, reached by its application token.

    Threads may share it; their calls go one after another. Every method raises TryLater when
    nothing was done and the same call may work later, Refused when webCRM said no; the writing
    ones raise Unclear when it may have happened, TooLate when their turn did not come `until` then.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
        pacing: RateLimiter | None = None,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._settings = settings
        self._calls = Transport(
            settings, now=now, transport=transport, pacing=pacing, bounds=bounds
        )
        self._call = self._calls.call

    def close(self) -> None:
        """End the connections."""
        self._calls.close()

    # ---- reading -------------------------------------------------------------------------

    def whoami(self) -> None:
        """Return when webCRM lets us in: the connection test."""
        self._call("GET", "/Auth")

    def fields(self) -> tuple[Field, ...]:
        """The Activity's fields with their labels, lengths and drop-downs."""
        return tuple(
            map(wire.read_field, wire.read_rows(self._call("GET", "/FieldsMetadata/Activity")))
        )

    def users(self) -> tuple[CrmUser, ...]:
        """Every active user who has an address."""
        return tuple(filter(None, map(wire.read_user, self._list("/Users/AllActive"))))

    def person(self, person_id: int) -> PersonRow:
        """One Person as it is now. Raises Gone when there is none."""
        return wire.read_person(wire.read_row(self._call("GET", f"/Persons/{person_id:d}")))

    def persons_with(self, address: str) -> tuple[PersonRow, ...]:
        """The Persons whose main address this is. Raises Refused for what cannot be asked."""
        names = "Id Email Email2 Name FirstName MiddleName LastName Status OrganisationId UpdatedAt"
        persons = Select("Person", _named("Person", names))
        try:
            script = persons.where("PersonEmail", "=", address)
        except UnsafeText as error:
            raise Refused(
                f"webCRM cannot be searched for this address. {error}", code="Unwritable"
            ) from None
        return tuple(map(wire.read_person, self._list("/Queries", {"script": str(script)})))

    def documents(self) -> Iterator[DocumentRow]:
        """Every Document that hangs on an Activity, read page by page as it is asked for."""
        return filter(None, map(wire.read_document, self._list("/Documents")))

    def keyed_activities(
        self, organisation_id: int | None, *, created_since: datetime
    ) -> tuple[KeyedActivity, ...]:
        """The Organisation's Activities (None = all) created since, with the key field's content.

        The key is not compared by webCRM: it warns that filters on custom fields may be wrong
        (webCRM's Swagger: /Queries).
        """
        key_field = self._settings.webcrm_key_field
        script = _keyed(key_field).where("ActivityCreatedAt", ">=", for_webcrm(created_since))
        if organisation_id is not None:
            script = script.where("ActivityOrganisationId", "=", organisation_id)
        rows = self._list("/Queries", {"script": str(script.order_by("ActivityId"))})
        return tuple(wire.read_keyed_activity(row, key_field) for row in rows)

    def keyed_from(
        self, activity_id: int, *, created_since: datetime, odd: list[OddRecord] | None = None
    ) -> tuple[KeyedActivity, ...]:
        """The next Activities in the order of their ids, the first of them this one or a later.

        At most PAGE, the odd ones counted; fewer = these are the last. `odd`: as `sent_activities`.
        """
        key_field = self._settings.webcrm_key_field
        script = _keyed(key_field).where("ActivityCreatedAt", ">=", for_webcrm(created_since))
        script = script.where("ActivityId", ">=", activity_id).order_by("ActivityId")
        rows = self._page("/Queries", {"script": str(script)}, 1)
        return _each(rows, lambda row: wire.read_keyed_activity(row, key_field), "ActivityId", odd)

    def activity(self, activity_id: int) -> KeyedActivity:
        """One Activity as it is now, whatever the search knows. Raises Gone when there is none."""
        found = wire.read_row(self._call("GET", f"/Activities/{activity_id:d}"))
        return wire.read_keyed_activity(found, self._settings.webcrm_key_field)

    def sent_activities(
        self, updated_since: datetime, *, odd: list[OddRecord] | None = None
    ) -> tuple[SentActivity, ...]:
        """Every Activity changed since, oldest change first; which are mails is not asked.

        `odd` takes those that cannot be read; None = what they raise is raised.
        """
        key_field, zone = self._settings.webcrm_key_field, self._settings.time_zone
        names = "Id OrganisationId PersonId AssignedTo Action Status Description Memo DateTime"
        script = Select(
            "Activity", [*_named("Activity", f"{names} CreatedAt UpdatedAt"), key_field]
        )
        rows = self._changed(script, updated_since)
        return _each(
            rows, lambda row: wire.read_sent_activity(row, key_field, zone), "ActivityId", odd
        )

    def persons_changed(
        self, since: datetime, *, odd: list[OddRecord] | None = None
    ) -> tuple[PersonRow, ...]:
        """Every Person changed since, oldest change first. `odd`: as `sent_activities`."""
        names = "Id Email Email2 Name FirstName MiddleName LastName Status OrganisationId UpdatedAt"
        rows = self._changed(Select("Person", _named("Person", names)), since)
        return _each(rows, wire.read_person, "PersonId", odd)

    def organisations_changed(
        self, since: datetime, *, odd: list[OddRecord] | None = None
    ) -> tuple[OrganisationRow, ...]:
        """Every Organisation changed since, oldest change first. `odd`: as `sent_activities`."""
        names = "Id Name Domain Www UpdatedAt"
        rows = self._changed(Select("Organisation", _named("Organisation", names)), since)
        return _each(rows, wire.read_organisation, "OrganisationId", odd)

    # ---- writing -------------------------------------------------------------------------

    def write_activities(
        self, drafts: Sequence[ActivityDraft], *, until: datetime = NEVER
    ) -> list[Written | Rejected]:
        """What became of each draft, in their order, by one request. Not idempotent."""
        settings = self._settings
        body = wire.activities_body(
            drafts, key_field=settings.webcrm_key_field, zone=settings.time_zone
        )
        return self._write_lines("/Activities", body, count=len(drafts), until=until)

    def check_activities(self, drafts: Sequence[ActivityDraft]) -> None:
        """Return when these drafts can be written down for webCRM; nothing is sent."""
        settings = self._settings
        wire.activities_body(drafts, key_field=settings.webcrm_key_field, zone=settings.time_zone)

    def write_documents(
        self, drafts: Sequence[DocumentDraft], *, until: datetime = NEVER
    ) -> list[Written | Rejected]:
        """What became of each attachment, in their order, by one request. Not idempotent."""
        body = documents_body(drafts)
        return self._write_lines("/Documents", body, count=len(drafts), until=until)

    def check_document(self, draft: DocumentDraft) -> None:
        """Return when this draft can be written down for webCRM; nothing is sent."""
        document_body(draft)

    def write_document(self, draft: DocumentDraft, *, until: datetime = NEVER) -> Written:
        """The Document made of one large attachment. Not idempotent."""
        answer = self._call("POST", "/Documents", body=document_body(draft), until=until)
        return wire.read_new_id(answer, "DocumentId")

    def change_activity(self, activity_id: int, change: ActivityChange) -> None:
        """Changes some fields of an Activity. Idempotent. Raises Gone."""
        body = changes.activity_change_body(activity_id, change)
        self._call("PUT", f"/Activities/{activity_id:d}", body=body)

    def move_activity(self, activity_id: int, organisation_id: int) -> None:
        """Puts an Activity under another Organisation. Idempotent. Raises Gone."""
        body = changes.activity_move_body(organisation_id)
        self._call("POST", f"/Activities/{activity_id:d}/Move", body=body)

    def move_document(self, document_id: int, organisation_id: int) -> None:
        """Puts a Document under another Organisation. Idempotent. Raises Gone."""
        body = changes.document_move_body(document_id, organisation_id)
        self._call("PUT", f"/Documents/{document_id:d}", body=body)

    def delete_document(self, document_id: int) -> None:
        """Ends a Document. Idempotent."""
        with suppress(Gone):
            self._call("DELETE", f"/Documents/{document_id:d}")

    def create_person(self, draft: PersonDraft) -> Written:
        """The Person made of a draft. Not idempotent."""
        answer = self._call("POST", "/Persons", body=changes.person_body(draft))
        return wire.read_new_id(answer, "PersonId")

    def _write_lines(
        self, path: str, body: bytes | StreamedBody, *, count: int, until: datetime
    ) -> list[Written | Rejected]:
        if not count:
            return []
        return wire.read_bulk_results(
            self._call("PATCH", path, body=body, until=until), count=count
        )

    # ---- lists ---------------------------------------------------------------------------

    def _list(self, path: str, params: Params | None = None) -> Iterator[wire.Row]:
        """The rows of all pages; a page shorter than asked for is the last."""
        trail = self._trail()
        page, more = 0, True
        while more:
            page += 1
            rows = self._page(path, params or {}, page)
            trail.follow(_marks(rows))
            yield from rows
            more = len(rows) == PAGE

    def _changed(self, script: Select, since: datetime) -> tuple[wire.Row, ...]:
        """The rows changed since, each once, in its latest version.

        A row that changes while we read moves to the end and shifts the pages behind it: so a
        full page is followed by the rows changed since its last one, not by page 2.
        """
        name, id_name = f"{script.table}UpdatedAt", f"{script.table}Id"
        latest: dict[int, wire.Row] = {}
        page, more = 1, True
        trail, steps = self._trail(), self._trail()
        while more:
            text = str(script.where(name, ">=", since).order_by(name))
            rows = self._page("/Queries", {"script": text}, page)
            steps.follow(f"{since} {page}")
            trail.follow(_marks(rows))
            for row in rows:
                latest.pop(row.record_id(id_name), None)
                latest[row.record_id(id_name)] = row
            more = len(rows) == PAGE
            reached = rows[-1].time(name) if rows else None
            if reached and reached > since:
                page, since, trail = 1, reached, self._trail()
            else:
                page += 1
        return tuple(latest.values())

    def _trail(self) -> Trail:
        return Trail("webCRM", most=self._calls.bounds.pages)

    def _page(self, path: str, params: Params, page: int) -> tuple[wire.Row, ...]:
        return wire.read_rows(
            self._call("GET", path, params={**params, "Page": page, "Size": PAGE})
        )


def _marks(rows: Sequence[wire.Row]) -> str:
    """What tells a page from every other one of its listing."""
    return f"{len(rows)} {hash(repr((rows[0], rows[-1])))}" if rows else "none"


def _each(
    rows: Iterable[wire.Row],
    read: Callable[[wire.Row], T],
    id_name: str,
    odd: list[OddRecord] | None,
) -> tuple[T, ...]:
    """Each record by itself: one that cannot be read must not hide the others."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except SyncError:
            raise  # a list that is not to be believed
        except Exception as fault:
            if odd is None:
                raise
            odd.append(OddRecord(row.number(id_name), fault))
    return tuple(found)


def _named(table: str, names: str) -> list[str]:
    return [table + name for name in names.split()]


def _keyed(key_field: str) -> Select:
    names = ["ActivityId", "ActivityOrganisationId", "ActivityCreatedAt", key_field]
    return Select("Activity", names)
