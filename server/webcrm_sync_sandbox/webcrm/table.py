"""The records of one kind, found by id and by the time of their last change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.webcrm.fields import Entity, Record

#: The name that the records give as their author.
_WRITER = "webCRM"


class Table:
    """Records in two orders: by id and by last change. Not thread-safe by itself.

    Earlier versions are kept while a lagging search may still show them.
    """

    def __init__(self, entity: Entity, clock: Clock, *, first_id: int) -> None:
        self.entity = entity
        self.search_lag = timedelta()
        self._clock = clock
        self._next_id = first_id
        self._versions: dict[int, list[Record]] = {}
        self._by_change: dict[int, None] = {}
        prefix = "Last" if entity.name == "Document" else ""
        self.created_name = f"{entity.name}CreatedAt"
        self.updated_name = f"{entity.name}{prefix}UpdatedAt"

    def insert(self, fields: Record) -> int:
        """Insert a record; its new id."""
        record_id, now = self._next_id, self._now()
        self._next_id += 1
        record = {**fields, self.entity.id_name: record_id, self.created_name: now}
        record[f"{self.entity.name}CreatedBy"] = _WRITER
        self._versions[record_id] = []
        self._add(record, now)
        return record_id

    def update(self, record_id: int, fields: Record) -> None:
        """Change some fields. Raises KeyError when there is no such record."""
        now = self._now()
        record = {**self[record_id], **fields, self.entity.id_name: record_id}
        self._add(record, now)

    def delete(self, record_id: int) -> None:
        """Delete the record. Raises KeyError when there is none."""
        del self._versions[record_id], self._by_change[record_id]

    def bring_in(self, records: Iterable[Record]) -> None:
        """Copy records of another system unchanged, the earliest change first."""
        for record in sorted(records, key=lambda r: r[self.updated_name]):
            record_id = record[self.entity.id_name]
            self._next_id = max(self._next_id, record_id + 1)
            self._versions[record_id] = [record]
            self._by_change[record_id] = None
        self._versions = dict(sorted(self._versions.items()))

    def save_state(self) -> Callable[[], None]:
        """A function that restores the records as they are now."""
        kept = self._next_id, dict(self._versions), dict(self._by_change)

        def restore() -> None:
            self._next_id, self._versions = kept[0], dict(kept[1])
            self._by_change = dict(kept[2])

        return restore

    def _add(self, record: Record, now: datetime) -> None:
        record_id = record[self.entity.id_name]
        record[self.updated_name] = now
        record[self.updated_name.removesuffix("At") + "By"] = _WRITER
        versions = self._versions[record_id]
        horizon = now - self.search_lag
        old = [v for v in versions if v[self.updated_name] <= horizon][-1:]
        young = [v for v in versions if v[self.updated_name] > horizon]
        self._versions[record_id] = [*old, *young, record] if self.search_lag else [record]
        self._by_change.pop(record_id, None)
        self._by_change[record_id] = None

    def _now(self) -> datetime:
        """The time, rounded to the millisecond as the database stores it."""
        now = self._clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def __getitem__(self, record_id: int) -> Record:
        """The record as it is. Raises KeyError when there is none."""
        return self._versions[record_id][-1]

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._versions

    def __len__(self) -> int:
        return len(self._versions)

    def __iter__(self) -> Iterator[Record]:
        """The records as they are, by id."""
        return (versions[-1] for versions in self._versions.values())

    def page(self, page: int, size: int) -> list[Record]:
        """One page of all records, by id. `page` counts from 1."""
        ids = list(self._versions)[(page - 1) * size : page * size]
        return [self[record_id] for record_id in ids]

    def found(
        self, *, created_since: datetime | None = None, updated_since: datetime | None = None
    ) -> list[Record]:
        """The records that a search sees, by id. The times skip older ones; the search filters."""
        ids = list(self._versions)
        if updated_since:
            ids = self._recent(list(self._by_change), self.updated_name, updated_since)
        elif created_since:
            ids = self._recent(ids, self.created_name, created_since)
        seen = (self._seen(record_id) for record_id in sorted(ids))
        return [record for record in seen if record is not None]

    def _recent(self, ids: list[int], name: str, since: datetime) -> list[int]:
        return list(takewhile(lambda i: self[i][name] >= since, reversed(ids)))

    def _seen(self, record_id: int) -> Record | None:
        """The latest version that is old enough for the search."""
        if not self.search_lag:
            return self[record_id]
        horizon = self._clock.now() - self.search_lag
        versions = reversed(self._versions[record_id])
        return next((v for v in versions if v[self.updated_name] <= horizon), None)
