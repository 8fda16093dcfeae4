"""The fields of Activities and the levels of Opportunities as webCRM describes them, cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from webcrm_sync.core.crm import Field
from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.filing import FieldLimits

_MAX_AGE = timedelta(minutes=30)
ACTION, SUBJECT, MEMO = "ActivityAction", "ActivityDescription", "ActivityMemo"


@dataclass(slots=True)
class FieldMetadata:
    """The Activity's fields, cached for half an hour. `fetch`: reads them from webCRM.

    Thread-safe: while one thread reads them, the others wait for its result.
    """

    fetch: Callable[[], tuple[Field, ...]]
    now: Callable[[], datetime]
    fields: Mapping[str, Field] | None = None
    fetched_at: datetime | None = None
    _lock: Lock = field(default_factory=Lock, init=False)

    def read(self, *, is_fresh: bool = False) -> Mapping[str, Field]:
        """The fields by name, empty if webCRM does not describe them.

        `is_fresh`: read them from webCRM even if the cache is young.
        """
        with self._lock:
            now = self.now()
            is_stale = self.fetched_at is None or now - self.fetched_at > _MAX_AGE
            if self.fields is None or is_stale or is_fresh:
                self.fields = {one.name: one for one in self._fetch()}
                self.fetched_at = now
            return self.fields

    def _fetch(self) -> tuple[Field, ...]:
        try:
            return self.fetch()
        except (Gone, Refused):
            return ()

    def limits(self) -> FieldLimits:
        """The lengths that a subject and a body may have, 0 = unknown."""
        fields = self.read()
        lengths = {name: f.max_length for name, f in fields.items()}
        return FieldLimits(subject=lengths.get(SUBJECT, 0), memo=lengths.get(MEMO, 0))

    def knows_action(self, action: str) -> bool:
        """True if webCRM's drop-down has this label, or the field is not a drop-down.

        For a missing label it reads the fields again, since somebody may just have added it.
        """
        for is_fresh in (False, True):
            known = self.read(is_fresh=is_fresh).get(ACTION)
            if known is None or not known.choices or action in known.choices:
                return True
        return False


@dataclass(slots=True)
class LevelMetadata:
    """The labels of an Opportunity's levels, cached for half an hour. Used by one thread.

    `refused_at`: when the token was last found not to be allowed to read Opportunities, None = it
    may.
    """

    fetch: Callable[[], Mapping[int, str]]
    now: Callable[[], datetime]
    refused_at: datetime | None = None
    _labels: Mapping[int, str] = field(default_factory=dict, init=False)
    _fetched_at: datetime | None = field(default=None, init=False)

    @property
    def is_refused(self) -> bool:
        """True if the token may not read Opportunities; half an hour later it may."""
        return self.refused_at is not None and self.now() - self.refused_at <= _MAX_AGE

    def read(self) -> Mapping[int, str]:
        """The label of each level by its number, empty if webCRM does not describe them."""
        now = self.now()
        if self._fetched_at is None or now - self._fetched_at > _MAX_AGE:
            try:
                self._labels = self.fetch()
            except (Gone, Refused):
                self._labels = {}
            self._fetched_at = now
        return self._labels
