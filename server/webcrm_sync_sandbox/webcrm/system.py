"""A webCRM system without its API: the records, and the acts of its users."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.webcrm import fields
from webcrm_sync_sandbox.webcrm.fields import Entity, Record
from webcrm_sync_sandbox.webcrm.table import Table

#: Nothing as webCRM's Swagger says, the id as for other records, or the record (a client of 2026).
OrganisationAnswer = Literal["empty", "id", "record"]
#: The drop-down of ActivityAction in a new system.
_ACTIONS = ("E-mail in", "E-mail out", "Phone call", "Meeting", "Letter", "To do")
#: The levels of an Opportunity in a new system, with their labels.
_LEVELS = {1: "Lead", 2: "Offer", 3: "Negotiation", 4: "Won"}
#: The table that an id in these fields refers to; 0 refers to none.
_LINKS = {
    "ActivityOrganisationId": "Organisation",
    "ActivityPersonId": "Person",
    "ActivityAssignedTo": "User",
    "ActivityOpportunityId": "Opportunity",
    "OpportunityOrganisationId": "Organisation",
    "OpportunityPersonId": "Person",
    "PersonOrganisationId": "Organisation",
    "DocumentOrganisationId": "Organisation",
}


@dataclass(frozen=True, slots=True)
class ForeignOpportunity:
    """An Activity that a write put under an Opportunity of another Organisation."""

    activity_id: int
    organisation_id: int
    opportunity_id: int


class WebCrmSystem:
    """One company's webCRM: its records, its users' acts, and settings for its oddities.

    Thread-safe. Fields have the API's names; times are aware. Oddities, to be set at any time:
    `search_lag` (Queries do not see younger writes), `labels` (drop-down texts by field),
    `failing_creates` (how many of the next creates fail), `poison` (by subject, the status of
    every list that holds that Activity), `refused` (subjects whose line in a list is refused
    alone), `odd` (by id, the wrong fields that Queries return for a record),
    `dislikes_parallel` (a token's second request at a time is cut off or gets 401), `answer_time`
    (of every call), `calls_a_minute`, `login_refusal` (status of a refused login; 200 says it in
    the body), `read_only` (tokens that may only read), `read_only_refusal` (the status of their
    writes), `lengths` (of fields that this system made shorter), `required` (fields that it
    demands of a new record), `organisation_answer` (to POST /Organisations: public sources differ),
    `missing` (fields that it does not list), `largest_request` (in bytes; a larger one gets 413),
    `time_zone` (of the times people enter), `levels` (an Opportunity's levels and their labels),
    `no_opportunity` (the value that takes an Activity off its Opportunity; another one that is no
    id is ignored), `locked_opportunities` (no Activity is taken under them), `unreadable` (the
    kinds of records that tokens may not read).
    `foreign_opportunities`: the writes of the API that put an Activity under an Opportunity of
    another Organisation; tests expect none.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.tokens: set[str] = set()
        self.labels: dict[str, tuple[str, ...]] = {"ActivityAction": _ACTIONS}
        self.failing_creates = 0
        self.poison: dict[str, int] = {}
        self.refused: set[str] = set()
        self.odd: dict[int, Record] = {}
        self.dislikes_parallel = True
        self.answer_time = timedelta()
        self.calls_a_minute = 250
        self.login_refusal = 200
        self.lengths: dict[str, int] = {}
        self.missing: set[str] = set()
        self.required: set[str] = set()
        self.organisation_answer: OrganisationAnswer = "empty"
        self.read_only: set[str] = set()
        self.read_only_refusal = 403
        self.largest_request = 64_000_000
        self.time_zone = ZoneInfo("UTC")
        self.levels: dict[int, str] = dict(_LEVELS)
        self.no_opportunity: int | None = 0
        self.locked_opportunities: set[int] = set()
        self.unreadable: set[str] = set()
        self.foreign_opportunities: list[ForeignOpportunity] = []
        self.tables = {
            entity.name: Table(entity, clock, first_id=first_id)
            for entity, first_id in (
                (fields.ORGANISATION, 1001),
                (fields.PERSON, 2001),
                (fields.ACTIVITY, 30001),
                (fields.DOCUMENT, 4001),
                (fields.OPPORTUNITY, 7001),
                (fields.USER, 11),
            )
        }
        self.resigned_users: set[int] = set()

    # ---- acts of its users ---------------------------------------------------------------

    def add_token(self, guid: str) -> None:
        """Add an application token. Remove it from `tokens` to revoke it."""
        self.tokens.add(guid)

    def add_organisation(self, name: str, *, domain: str = "", www: str = "", **more: Any) -> int:
        """Add an Organisation; its id. `more`: further fields, e.g. `OrganisationCity`."""
        return self._insert(
            "Organisation",
            OrganisationName=name,
            OrganisationDomain=domain,
            OrganisationWww=www,
            **more,
        )

    def add_person(
        self,
        organisation_id: int,
        email: str,
        *,
        name: str = "",
        email2: str = "",
        status: str = "Active",
        **more: Any,
    ) -> int:
        """Add a Person; its id. Organisation 0 = none. `more`: further fields."""
        return self._insert(
            "Person",
            PersonOrganisationId=organisation_id,
            PersonEmail=email,
            PersonEmail2=email2,
            PersonName=name,
            PersonStatus=status,
            **more,
        )

    def move_person(self, person_id: int, organisation_id: int) -> None:
        """Move the Person to another Organisation."""
        self.update_person(person_id, PersonOrganisationId=organisation_id)

    def update_person(self, person_id: int, **changes: Any) -> None:
        """Change a Person's fields, e.g. `PersonEmail="..."`."""
        self._update("Person", person_id, changes)

    def update_organisation(self, organisation_id: int, **changes: Any) -> None:
        """Change an Organisation's fields."""
        self._update("Organisation", organisation_id, changes)

    def add_user(self, email: str, name: str, *, is_active: bool = True) -> int:
        """Add a user; its id. The record holds secrets that the API must not return."""
        user_id = self._insert(
            "User",
            UserEmail=email,
            UserName=name,
            UserPassword="sandbox-password",
            UserAuthenticationCode="sandbox-authentication-code",
            UserTicket="sandbox-ticket",
            UserLoginLog="sandbox-login-log",
        )
        if not is_active:
            self.resigned_users.add(user_id)
        return user_id

    def send_mail(
        self,
        user_id: int,
        person_id: int,
        subject: str,
        body: str,
        *,
        at: datetime | None = None,
        action: str = "E-mail out",
    ) -> int:
        """Send a mail from webCRM; the id of the completed Activity that it creates."""
        with self.lock:
            return self._insert(
                "Activity",
                ActivityAction=action,
                ActivityStatus="Completed",
                ActivityAssignedTo=user_id,
                ActivityPersonId=person_id,
                ActivityOrganisationId=self.tables["Person"][person_id]["PersonOrganisationId"],
                ActivityDescription=subject,
                ActivityMemo=body,
                ActivityDateTime=at or self.clock.now(),
            )

    def add_opportunity(
        self,
        organisation_id: int,
        name: str,
        *,
        person_id: int = 0,
        number: str = "",
        level: int = 1,
        **more: Any,
    ) -> int:
        """Add an Opportunity; its id. `more`: further fields, e.g. `OpportunityOrderValue`."""
        return self._insert(
            "Opportunity",
            OpportunityOrganisationId=organisation_id,
            OpportunityPersonId=person_id,
            OpportunityDescription=name,
            OpportunityNumber=number,
            OpportunityLevel=level,
            OpportunityLevelText=self.levels.get(level, ""),
            **more,
        )

    def update_opportunity(self, opportunity_id: int, **changes: Any) -> None:
        """Change an Opportunity's fields, its Organisation too."""
        self._update("Opportunity", opportunity_id, changes)

    def delete_opportunity(self, opportunity_id: int) -> None:
        """Delete an Opportunity. Its Activities go on naming it."""
        with self.lock:
            self.tables["Opportunity"].delete(opportunity_id)

    def edit_activity(self, activity_id: int, **changes: Any) -> None:
        """Change an Activity's fields as a user does."""
        self._update("Activity", activity_id, changes)

    # ---- its records -------------------------------------------------------------------

    @property
    def activities(self) -> list[Record]:
        """Every Activity, oldest first."""
        return self._all("Activity")

    @property
    def documents(self) -> list[Record]:
        """Every Document, oldest first; `DocumentFile` is its content in base64."""
        return self._all("Document")

    @property
    def organisations(self) -> list[Record]:
        """Every Organisation, oldest first."""
        return self._all("Organisation")

    @property
    def persons(self) -> list[Record]:
        """Every Person, oldest first."""
        return self._all("Person")

    @property
    def opportunities(self) -> list[Record]:
        """Every Opportunity, oldest first."""
        return self._all("Opportunity")

    @property
    def users(self) -> list[Record]:
        """Every user, oldest first."""
        return self._all("User")

    @property
    def search_lag(self) -> timedelta:
        """The age that a write must have before Queries see it."""
        return self.tables["Activity"].search_lag

    @search_lag.setter
    def search_lag(self, lag: timedelta) -> None:
        """Hide writes from Queries until they are this old."""
        with self.lock:
            for table in self.tables.values():
                table.search_lag = lag

    # ---- used by the API ---------------------------------------------------------------

    def table(self, name: str) -> Table | None:
        """The table of that name, in upper or lower case."""
        return next((t for n, t in self.tables.items() if n.casefold() == name.casefold()), None)

    def read(self, entity: Entity, given: object) -> Record:
        """The fields of a record in a request. Raises ValueError that says what is wrong."""
        if not isinstance(given, dict):
            raise ValueError("A record must be an object")
        if type(given.get(entity.id_name)) is not int:
            raise ValueError(f"{entity.id_name} is required")
        given = self._without_opportunity(given)
        record = {name: self._value(entity, name, value) for name, value in given.items()}
        for name, target in _LINKS.items():
            if record.get(name) and record[name] not in self.tables[target]:
                raise ValueError(f"{name}: there is no {target} {record[name]}")
        if record.get("ActivityOpportunityId") in self.locked_opportunities:
            raise ValueError("The record is locked")
        linked = self.tables.get(str(record.get("DocumentLinkedEntityType")))
        if linked is not None and record.get("DocumentLinkedEntityId") not in linked:
            raise ValueError("DocumentLinkedEntityId: there is no such record")
        return record

    def create(self, entity: Entity, record: Record) -> int:
        """Create a record; its id. Raises ValueError that says what is wrong."""
        if self.failing_creates:
            self.failing_creates -= 1
            raise ValueError("Violation of PRIMARY KEY constraint. Cannot insert duplicate key")
        lacking = sorted(
            n for n in self.required if n.startswith(entity.name) and not record.get(n)
        )
        if lacking:
            raise ValueError(f"{lacking[0]}: is required")
        record_id = self.tables[entity.name].insert(record)
        self._note_foreign(entity, {}, self.tables[entity.name][record_id])
        return record_id

    def change(self, table: Table, record_id: int, changes: Record) -> None:
        """Change a record at the API's request. Raises KeyError when there is none."""
        before = table[record_id]
        table.update(record_id, changes)
        self._note_foreign(table.entity, before, table[record_id])

    def _without_opportunity(self, given: Record) -> Record:
        """The record with 0 for the value that means no Opportunity, and without similar ones."""
        name = "ActivityOpportunityId"
        value = given.get(name)
        if name in given and value == self.no_opportunity:
            return given | {name: 0}
        is_ignored = type(value) is int and value <= 0
        return {key: one for key, one in given.items() if not (key == name and is_ignored)}

    def _note_foreign(self, entity: Entity, before: Record, after: Record) -> None:
        """Note an Activity that this write has put under a foreign Opportunity."""
        place, opportunity_id = _place(after)
        table = self.tables["Opportunity"]
        if entity is not fields.ACTIVITY or opportunity_id not in table:
            return
        home = table[opportunity_id].get("OpportunityOrganisationId", 0)
        if home != place and _place(before) != _place(after):
            found = ForeignOpportunity(after["ActivityId"], place, opportunity_id)
            self.foreign_opportunities.append(found)

    def max_length(self, entity: Entity, name: str) -> int:
        """The length of a text field, 0 = any."""
        return self.lengths.get(name, entity.columns[name].max_length)

    def _value(self, entity: Entity, name: str, given: object) -> object:
        column = entity.columns.get(name)
        if column is None:
            raise ValueError(f"{name} is no field of {entity.name}")
        try:
            value = fields.read_value(column, given, self.time_zone)
            if name == "DocumentFile":
                b64decode(str(value), validate=True)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        longest = self.max_length(entity, name)
        if longest and _length(str(value)) > longest:
            raise ValueError(f"{name}: longer than {longest} characters")
        if name in self.labels and value not in self.labels[name]:
            raise ValueError(f"{name}: '{value}' is not in the list")
        return value

    def _insert(self, name: str, **record: Any) -> int:
        with self.lock:
            return self.tables[name].insert(_filled(record.items()))

    def _update(self, name: str, record_id: int, changes: Record) -> None:
        unknown = changes.keys() - self.tables[name].entity.columns.keys()
        if unknown:
            raise TypeError(f"{name} has no field {', '.join(sorted(unknown))}")
        with self.lock:
            self.tables[name].update(record_id, changes)

    def _all(self, name: str) -> list[Record]:
        with self.lock:
            return [dict(record) for record in self.tables[name]]


def _place(activity: Record) -> tuple[int, int]:
    """The Activity's Organisation and Opportunity, 0 = none."""
    names = ("ActivityOrganisationId", "ActivityOpportunityId")
    organisation_id, opportunity_id = (activity.get(name) or 0 for name in names)
    return organisation_id, opportunity_id


def _length(text: str) -> int:
    """The length in UTF-16 units, as SQL Server's nvarchar counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _filled(items: Iterable[tuple[str, Any]]) -> Record:
    """The record without empty fields: webCRM answers null for them."""
    return {name: value for name, value in items if value != ""}
