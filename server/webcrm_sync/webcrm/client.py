"""The calls to webCRM's REST API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from webcrm_sync.core import phrases
from webcrm_sync.core.crm import (
    ActivityDraft,
    CreatedRecord,
    CrmUser,
    DocumentDraft,
    DocumentRow,
    Field,
    KeyedActivity,
    OrganisationDraft,
    OrganisationRow,
    PersonRow,
    RejectedRecord,
    SentActivity,
    UnreadableRecord,
)
from webcrm_sync.core.errors import Forbidden, Gone, Refused
from webcrm_sync.core.opportunities import OpportunityRow
from webcrm_sync.core.times import clamp_for_webcrm
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.settings import Settings
from webcrm_sync.webcrm import requests, wire
from webcrm_sync.webcrm.listing import PAGE, Listing, read_each
from webcrm_sync.webcrm.query import Select, Table, UnsafeText
from webcrm_sync.webcrm.requests import ActivityChange, PersonDraft, StreamedBody
from webcrm_sync.webcrm.transport import BOUNDS, NEVER, Line, Transport

#: No record has changed after this, so a search for it finds none.
_NEVER_YET = datetime(2999, 1, 1, tzinfo=UTC)
_PERSON_FIELDS = (
    "Id Email Email2 Name FirstName MiddleName LastName Status OrganisationId UpdatedAt Title"
    " DirectPhone MobilePhone"
)
_ORGANISATION_FIELDS = "Id Name Domain Www UpdatedAt"
_OPPORTUNITY_FIELDS = (
    "Id OrganisationId PersonId Number Description OrderValue CurrencyName Level LevelText LostDate"
    " WinYesNo UpdatedAt"
)
_ACTIVITY_FIELDS = (
    "Id OrganisationId PersonId AssignedTo Action Status Description Memo DateTime CreatedAt"
    " UpdatedAt"
)


class WebCrm:
    """One webCRM system, by its application token. Thread-safe; each call waits in `line`.

    Each method raises TryLater if nothing was done and the same call may work later, and Refused if
    webCRM rejects the call. A method that writes raises Unclear if the write may have happened, and
    TooLate if its turn in the line comes after `until`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        line: Line,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._settings = settings
        self._transport = Transport(settings, now=now, line=line, bounds=bounds)
        self._call = self._transport.call
        self._listing = Listing(self._transport)

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    @property
    def request_bytes(self) -> int:
        """How many bytes of files one request may carry now, so that nobody waits long behind it.

        In the request each three bytes become four (base64).
        """
        return self._transport.request_size.bytes * 3 // 4

    @property
    def answered_writes(self) -> int:
        """How many writes webCRM has carried out for this client."""
        return self._transport.answered_writes

    # ---- reading -------------------------------------------------------------------------

    def check_login(self) -> None:
        """Returns if webCRM can be reached and accepts the login; raises as all methods do."""
        self._call("GET", "/Auth")

    def try_activities(self) -> None:
        """Returns if the token may write Activities. Sends a list of none, so nothing changes.

        Raises Forbidden, or TryLater with the code UNAUTHORIZED, if it may not. It is inferred that
        webCRM looks at the rights before the list; another refusal of the list counts as allowed.
        """
        try:
            self._call("PATCH", "/Activities", body=b"[]")
        except Forbidden:
            raise
        except Refused:
            return

    def try_documents(self) -> None:
        """Returns if the token may write Documents: creates a small one and deletes it.

        Raises what `write_document` raises.
        """
        answer = self._call("POST", "/Documents", body=requests.trial_document_body())
        self.delete_document(wire.read_new_id(answer, "DocumentId").record_id)

    def list_fields(self) -> tuple[Field, ...]:
        """The Activity's fields with their labels, lengths and drop-downs."""
        rows = wire.read_rows(self._call("GET", "/FieldsMetadata/Activity"))
        return tuple(map(wire.read_field, rows))

    def list_users(self) -> tuple[CrmUser, ...]:
        """The active users who have an address."""
        return tuple(filter(None, map(wire.read_user, self._listing.every("/Users/AllActive"))))

    def fetch_person(self, person_id: int) -> PersonRow:
        """One Person as it is now. Raises Gone if there is none."""
        return wire.read_person(wire.read_row(self._call("GET", f"/Persons/{person_id:d}")))

    def find_persons(self, address: str) -> tuple[PersonRow, ...]:
        """The Persons whose main address this is.

        Raises Refused, code Unwritable, for an address that no script can hold.
        """
        try:
            script = _select("Person", _PERSON_FIELDS).where("PersonEmail", "=", address)
        except UnsafeText as error:
            raise Refused(phrases.UNSEARCHABLE.fill(text=error), code="Unwritable") from None
        return tuple(map(wire.read_person, self._listing.query(script)))

    def list_documents(self) -> Iterator[DocumentRow]:
        """Every Document that is linked to an Activity. Reads each page when it is needed."""
        return filter(None, map(wire.read_document, self._listing.every("/Documents")))

    def list_keyed_activities(
        self, organisation_id: int | None, *, created_since: datetime
    ) -> tuple[KeyedActivity, ...]:
        """The Organisation's Activities (None = all) created since then, with their key field.

        The caller compares the keys, since webCRM warns that filters on custom fields may be wrong
        (webCRM's Swagger: /Queries).
        """
        key_field = self._settings.webcrm_key_field
        script = _select_keyed(key_field).where(
            "ActivityCreatedAt", ">=", clamp_for_webcrm(created_since)
        )
        if organisation_id is not None:
            script = script.where("ActivityOrganisationId", "=", organisation_id)
        rows = self._listing.query(script.order_by("ActivityId"))
        return tuple(wire.read_keyed_activity(row, key_field) for row in rows)

    def fetch_keyed_page(
        self,
        activity_id: int,
        *,
        created_since: datetime,
        odd: list[UnreadableRecord] | None = None,
    ) -> tuple[KeyedActivity, ...]:
        """One page of Activities created since then, from the id `activity_id` on, by id.

        A page with fewer than PAGE Activities, including the odd ones, is the last. `odd`: see
        `list_changed_activities`.
        """
        key_field = self._settings.webcrm_key_field
        script = _select_keyed(key_field).where(
            "ActivityCreatedAt", ">=", clamp_for_webcrm(created_since)
        )
        script = script.where("ActivityId", ">=", activity_id).order_by("ActivityId")
        rows = self._listing.page("/Queries", {"script": str(script)}, 1)
        return read_each(
            rows, lambda row: wire.read_keyed_activity(row, key_field), "ActivityId", odd
        )

    def fetch_activity(self, activity_id: int) -> KeyedActivity:
        """One Activity as it is now, even if the search lags behind. Raises Gone without one."""
        row = wire.read_row(self._call("GET", f"/Activities/{activity_id:d}"))
        return wire.read_keyed_activity(row, self._settings.webcrm_key_field)

    def list_memos(self, activity_ids: Collection[int]) -> dict[int, str]:
        """The memo of each of these Activities that exists, by id."""
        found: dict[int, str] = {}
        wanted = sorted(activity_ids)
        while wanted:
            script = Select("Activity", ["ActivityId", "ActivityMemo"])
            script = script.where("ActivityId", ">=", wanted[0]).order_by("ActivityId")
            rows = self._listing.page("/Queries", {"script": str(script)}, 1)
            page = dict(map(wire.read_memo, rows))
            found |= {i: page[i] for i in wanted if i in page}
            last = max(page, default=0)
            is_last = len(rows) < PAGE or last < wanted[0]  # else webCRM goes in a circle
            wanted = [] if is_last else [i for i in wanted if i > last]
        return found

    def list_changed_activities(
        self, updated_since: datetime, *, odd: list[UnreadableRecord] | None = None
    ) -> tuple[SentActivity, ...]:
        """Every Activity changed since then, mail or not, oldest change first.

        Records that cannot be read go into `odd`; without it, their error is raised.
        """
        key_field, zone = self._settings.webcrm_key_field, self._settings.time_zone
        script = _select("Activity", _ACTIVITY_FIELDS, key_field)
        rows = self._listing.changed(script, updated_since)
        return read_each(
            rows, lambda row: wire.read_sent_activity(row, key_field, zone), "ActivityId", odd
        )

    def list_changed_persons(
        self, since: datetime, *, odd: list[UnreadableRecord] | None = None
    ) -> tuple[PersonRow, ...]:
        """Every Person changed since then, oldest change first.

        `odd`: see `list_changed_activities`.
        """
        rows = self._listing.changed(_select("Person", _PERSON_FIELDS), since)
        return read_each(rows, wire.read_person, "PersonId", odd)

    def list_changed_organisations(
        self, since: datetime, *, odd: list[UnreadableRecord] | None = None
    ) -> tuple[OrganisationRow, ...]:
        """Every Organisation changed since then, oldest change first.

        `odd`: see `list_changed_activities`.
        """
        rows = self._listing.changed(_select("Organisation", _ORGANISATION_FIELDS), since)
        return read_each(rows, wire.read_organisation, "OrganisationId", odd)

    def list_changed_opportunities(
        self, since: datetime, *, odd: list[UnreadableRecord] | None = None
    ) -> tuple[OpportunityRow, ...]:
        """Every Opportunity changed since then, oldest change first.

        `odd`: see `list_changed_activities`.
        """
        rows = self._listing.changed(_select("Opportunity", _OPPORTUNITY_FIELDS), since)
        return read_each(rows, wire.read_opportunity, "OpportunityId", odd)

    def try_opportunities(self) -> None:
        """Returns if the token may read Opportunities. Raises as `try_activities` does."""
        script = _select("Opportunity", "Id").where("OpportunityUpdatedAt", ">=", _NEVER_YET)
        tuple(self._listing.query(script))

    def fetch_opportunity(self, opportunity_id: int) -> OpportunityRow:
        """One Opportunity as it is now. Raises Gone if there is none."""
        answer = self._call("GET", f"/Opportunities/{opportunity_id:d}")
        return wire.read_opportunity(wire.read_row(answer))

    def list_level_labels(self) -> Mapping[int, str]:
        """The label of each level that an Opportunity may have, by its number."""
        answer = self._call("GET", "/FieldsMetadata/Opportunity")
        return wire.read_level_labels(wire.read_rows(answer))

    def list_new_organisations(self, created_since: datetime) -> tuple[OrganisationRow, ...]:
        """Every Organisation created since then that can be read, by id."""
        script = _select("Organisation", _ORGANISATION_FIELDS).where(
            "OrganisationCreatedAt", ">=", clamp_for_webcrm(created_since)
        )
        rows = self._listing.query(script.order_by("OrganisationId"))
        return read_each(rows, wire.read_organisation, "OrganisationId", [])

    # ---- writing -------------------------------------------------------------------------

    def write_activities(
        self, drafts: Sequence[ActivityDraft], *, until: datetime = NEVER
    ) -> list[CreatedRecord | RejectedRecord]:
        """Creates an Activity for each draft, by one request. Not idempotent.

        Returns the results in the order of the drafts.
        """
        body = self._activities_body(drafts)
        return self._write_bulk("/Activities", body, count=len(drafts), until=until)

    def check_activities(self, drafts: Sequence[ActivityDraft]) -> None:
        """Raises what `write_activities` would raise for a draft; sends nothing."""
        self._activities_body(drafts)

    def write_documents(
        self, drafts: Sequence[DocumentDraft], *, until: datetime = NEVER
    ) -> list[CreatedRecord | RejectedRecord]:
        """Creates a Document for each draft, by one request. Not idempotent.

        Returns the results in the order of the drafts.
        """
        body = requests.documents_body(drafts)
        return self._write_bulk("/Documents", body, count=len(drafts), until=until)

    def check_document(self, draft: DocumentDraft) -> None:
        """Raises what `write_document` would raise for a draft; sends nothing."""
        requests.document_body(draft)

    def write_document(self, draft: DocumentDraft, *, until: datetime = NEVER) -> CreatedRecord:
        """Creates the Document of one large attachment. Not idempotent."""
        body = requests.document_body(draft)
        answer = self._call("POST", "/Documents", body=body, until=until)
        return wire.read_new_id(answer, "DocumentId")

    def change_activity(self, activity_id: int, change: ActivityChange) -> None:
        """Changes some fields of an Activity. Idempotent. Raises Gone."""
        body = requests.activity_change_body(
            activity_id, change, no_opportunity=self._settings.no_opportunity
        )
        self._call("PUT", f"/Activities/{activity_id:d}", body=body)

    def move_activity(self, activity_id: int, organisation_id: int) -> None:
        """Moves an Activity to another Organisation. Idempotent. Raises Gone."""
        body = requests.activity_move_body(organisation_id)
        self._call("POST", f"/Activities/{activity_id:d}/Move", body=body)

    def move_document(self, document_id: int, organisation_id: int) -> None:
        """Moves a Document to another Organisation. Idempotent. Raises Gone."""
        body = requests.document_move_body(document_id, organisation_id)
        self._call("PUT", f"/Documents/{document_id:d}", body=body)

    def delete_document(self, document_id: int) -> None:
        """Deletes a Document. Idempotent."""
        with suppress(Gone):
            self._call("DELETE", f"/Documents/{document_id:d}")

    def create_person(self, draft: PersonDraft, *, until: datetime = NEVER) -> CreatedRecord:
        """Creates a Person. Not idempotent."""
        answer = self._call("POST", "/Persons", body=requests.person_body(draft), until=until)
        return wire.read_new_id(answer, "PersonId")

    def create_organisation(
        self, draft: OrganisationDraft, *, until: datetime = NEVER
    ) -> int | None:
        """Creates an Organisation; its id, None if webCRM does not say it. Not idempotent."""
        body = requests.organisation_body(draft)
        answer = self._call("POST", "/Organisations", body=body, until=until)
        return wire.find_new_id(answer, "OrganisationId")

    def _activities_body(self, drafts: Sequence[ActivityDraft]) -> bytes:
        settings = self._settings
        return requests.activities_body(
            drafts, key_field=settings.webcrm_key_field, zone=settings.time_zone
        )

    def _write_bulk(
        self, path: str, body: bytes | StreamedBody, *, count: int, until: datetime
    ) -> list[CreatedRecord | RejectedRecord]:
        if not count:
            return []
        answer = self._call("PATCH", path, body=body, until=until)
        return wire.read_bulk_results(answer, count=count)


def _select(table: Table, names: str, *whole_names: str) -> Select:
    """A script for fields: `names` lack the table's name as their prefix, `whole_names` have it."""
    return Select(table, [*(table + name for name in names.split()), *whole_names])


def _select_keyed(key_field: str) -> Select:
    return _select(
        "Activity", "Id OrganisationId OpportunityId Description CreatedAt UpdatedAt", key_field
    )
