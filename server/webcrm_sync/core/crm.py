"""The values that the engine exchanges with webCRM."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO

from webcrm_sync.core.matching import Contact
from webcrm_sync.core.times import earliest_time

#: Each poll overlaps the last one by this much, since paging by time of change can miss records.
POLL_OVERLAP = timedelta(minutes=2)
#: An Activity cannot be older than its mail, but the two clocks may differ.
_CLOCK_MARGIN = timedelta(days=1)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
#: Prefix of the subject of a withdrawn Activity, which webCRM keeps.
WITHDRAWN = "[withdrawn] "


@dataclass(frozen=True, slots=True)
class Field:
    """One field in webCRM's metadata. `max_length` 0 = unknown; `choices` empty = free text."""

    name: str
    label: str
    max_length: int
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActivityDraft:
    """An Activity to create, with the status Completed. An id of None leaves the field empty."""

    key: str
    action: str
    organisation_id: int | None
    person_id: int | None
    user_id: int | None
    subject: str
    memo: str
    at: datetime
    opportunity_id: int | None = None


@dataclass(frozen=True, slots=True)
class OrganisationDraft:
    """An Organisation to create. Empty texts stay empty in webCRM. `owner_id`: a user of webCRM."""

    name: str
    domain: str = ""
    phone: str = ""
    www: str = ""
    owner_id: int | None = None


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """An attachment to upload as a Document of an Activity.

    `content`: `size` bytes, read from its beginning for each attempt.
    """

    activity_id: int
    organisation_id: int | None
    name: str
    content: IO[bytes]
    size: int


@dataclass(frozen=True, slots=True)
class CreatedRecord:
    """webCRM accepted one record of a bulk request and created it."""

    record_id: int


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """webCRM rejected one record of a bulk request. `message`: webCRM's own words.

    `is_too_large`: no retry will help.
    """

    message: str
    is_too_large: bool = False


def created_since(sent_at: datetime | None, received_at: datetime | None) -> datetime:
    """The time since which the Activity of a mail with these times may have been created."""
    return (earliest_time(sent_at, received_at) or _LONG_AGO) - _CLOCK_MARGIN


@dataclass(frozen=True, slots=True)
class KeyedActivity:
    """An Activity found in webCRM. `key`: the text in its key field, may be empty.

    `opportunity_id`: None = it is under no Opportunity. `subject`: may be cut.
    """

    activity_id: int
    organisation_id: int
    key: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    opportunity_id: int | None = None
    subject: str = ""

    def is_older_than(self, sent_at: datetime | None, received_at: datetime | None) -> bool:
        """True if it was created before a mail with these times, so that it is another mail's.

        Devices and scripts give several mails one Message-ID, and with it one key.
        """
        since = created_since(sent_at, received_at)
        return self.created_at is not None and self.created_at < since

    @property
    def is_marked_withdrawn(self) -> bool:
        """True if its subject says so. A sender may write that too: an empty memo proves it."""
        return self.subject.startswith(WITHDRAWN)


@dataclass(frozen=True, slots=True)
class SentActivity:
    """An Activity that may be a mail sent from webCRM. All times have a time zone."""

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
    """A Person whose e-mail fields hold text without a usable address."""

    person_id: int
    organisation_id: int
    text: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A Person as webCRM's /Queries returns it, with one Contact per address.

    `unmatchable`: None if the Person has a usable address or empty e-mail fields.
    """

    person_id: int
    contacts: tuple[Contact, ...]
    updated_at: datetime | None
    unmatchable: Unmatchable | None = None

    @property
    def record_id(self) -> int:
        """The Person's id."""
        return self.person_id


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """An Organisation with its known domains, folded."""

    organisation_id: int
    name: str
    domains: tuple[str, ...]
    updated_at: datetime | None

    @property
    def record_id(self) -> int:
        """The Organisation's id."""
        return self.organisation_id


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """A record that could not be read. `record_id` 0 = even its id is unreadable."""

    record_id: int
    fault: Exception


@dataclass(frozen=True, slots=True)
class CrmUser:
    """A user of webCRM. `address` is folded."""

    user_id: int
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A Document of an Activity."""

    document_id: int
    activity_id: int
    name: str
