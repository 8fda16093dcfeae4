"""The lists of webCRM's records, read page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from webcrm_sync.core.crm import UnreadableRecord
from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.paging_guard import PagingGuard
from webcrm_sync.webcrm import wire
from webcrm_sync.webcrm.query import Select
from webcrm_sync.webcrm.transport import Params, Transport

T = TypeVar("T")

#: The most records on a page (webCRM's Swagger: Size).
PAGE = 1000


class Listing:
    """Reads lists by one application token."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def query(self, script: Select) -> Iterator[wire.Row]:
        """The records that a script finds, on all pages."""
        return self.every("/Queries", {"script": str(script)})

    def every(self, path: str, params: Params | None = None) -> Iterator[wire.Row]:
        """The records on all pages. A page that is not full is the last."""
        guard = self._create_guard()
        page, has_more = 0, True
        while has_more:
            page += 1
            rows = self.page(path, params or {}, page)
            guard.check(_fingerprint(rows))
            yield from rows
            has_more = len(rows) == PAGE

    def changed(self, script: Select, since: datetime) -> tuple[wire.Row, ...]:
        """The records changed since then, each once, in its latest version.

        A record that changes during the reading moves to the end and shifts the later pages. So the
        call after a full page asks for the changes since the page's last record, not for page 2.
        """
        name, id_name = f"{script.table}UpdatedAt", f"{script.table}Id"
        latest: dict[int, wire.Row] = {}
        page, has_more = 1, True
        guard, steps = self._create_guard(), self._create_guard()
        while has_more:
            text = str(script.where(name, ">=", since).order_by(name))
            rows = self.page("/Queries", {"script": text}, page)
            steps.check(f"{since} {page}")
            guard.check(_fingerprint(rows))
            for row in rows:
                latest.pop(row.record_id(id_name), None)
                latest[row.record_id(id_name)] = row
            has_more = len(rows) == PAGE
            last_change = rows[-1].time(name) if rows else None
            if last_change and last_change > since:
                page, since, guard = 1, last_change, self._create_guard()
            else:
                page += 1
        return tuple(latest.values())

    def _create_guard(self) -> PagingGuard:
        return PagingGuard("webCRM", max_pages=self._transport.bounds.pages)

    def page(self, path: str, params: Params, page: int) -> tuple[wire.Row, ...]:
        """The records on one page, counted from 1."""
        params = {**params, "Page": page, "Size": PAGE}
        return wire.read_rows(self._transport.call("GET", path, params=params))


def _fingerprint(rows: Sequence[wire.Row]) -> str:
    """A text that differs between the pages of one listing."""
    return f"{len(rows)} {hash(repr((rows[0], rows[-1])))}" if rows else "none"


def read_each(
    rows: Iterable[wire.Row],
    read: Callable[[wire.Row], T],
    id_name: str,
    odd: list[UnreadableRecord] | None,
) -> tuple[T, ...]:
    """The records, each read alone, so that an unreadable record does not hide the others.

    A `SyncError` is raised nevertheless, since it means that the list cannot be trusted.
    """
    values = []
    for row in rows:
        try:
            values.append(read(row))
        except SyncError:
            raise
        except Exception as fault:
            if odd is None:
                raise
            odd.append(UnreadableRecord(row.number(id_name), fault))
    return tuple(values)
