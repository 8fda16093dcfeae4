"""What the engine says to webCRM and hears from it, in plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO

from webcrm_sync.core.matching import Contact

#: Paging through a table ordered by its time of change can miss rows: windows overlap.
POLL_OVERLAP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Field:
    """One field as webCRM tells it. `max_length` 0 = not told; `choices` empty = free text."""

    name: str
    label: str
    max_length: int
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActivityDraft:
    """One Activity to be created, status Completed. Ids None = leave the field out."""

    key: str
    action: str
    organisation_id: int | None
    person_id: int | None
    user_id: int | None
    subject: str
    memo: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """One attachment as a Document of an Activity.

    `content` is read from its beginning, as often as it is sent; it has `size` bytes.
    """

    activity_id: int
    organisation_id: int | None
    name: str
    content: IO[bytes]
    size: int


@dataclass(frozen=True, slots=True)
class CreatedRecord:
    """A bulk line that was taken: its id."""

    record_id: int


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A line that was not taken: webCRM's own words. `is_too_large`: it never will be."""

    message: str
    is_too_large: bool = False


@dataclass(frozen=True, slots=True)
class KeyedActivity:
    """An Activity found again. `key`: content of the key field, "" = empty."""

    activity_id: int
    organisation_id: int
    key: str
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SentActivity:
    """An Activity that may be a mail sent from webCRM. Times are aware."""

    activity_id: int
    organisation_id: int
    person_id: int
    user_id: int
    action: str
    is_completed: bool
    key: str
    subject: str
    body: str
    at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unmatchable:
    """What the e-mail fields of a Person hold instead of an address that a mail can carry."""

    person_id: int
    organisation_id: int
    text: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A Person as /Queries returns it, one Contact per address.

    `unmatchable` None: a mail can lead to it, or its e-mail fields are empty.
    """

    person_id: int
    contacts: tuple[Contact, ...]
    updated_at: datetime | None
    unmatchable: Unmatchable | None = None

    @property
    def record_id(self) -> int:
        """Its own id."""
        return self.person_id


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """An Organisation with the domains it is known by, folded."""

    organisation_id: int
    name: str
    domains: tuple[str, ...]
    updated_at: datetime | None

    @property
    def record_id(self) -> int:
        """Its own id."""
        return self.organisation_id


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """A record that could not be read: its id, 0 = not even that, and what was raised."""

    record_id: int
    fault: Exception


@dataclass(frozen=True, slots=True)
class CrmUser:
    """A person who works in webCRM. `address` is folded."""

    user_id: int
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A Document that hangs on an Activity."""

    document_id: int
    activity_id: int
    name: str
