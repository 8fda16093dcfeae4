"""Ends a listing of a service that leads in a circle or never ends."""

from __future__ import annotations

from webcrm_sync.core.errors import TryLater

#: The longest page address that servers accept.
_LONGEST_ADDRESS = 32_000


class PagingGuard:
    """Remembers the pages of one listing."""

    def __init__(self, service: str, *, max_pages: int) -> None:
        self._service = service
        self._max_pages = max_pages
        self._seen: set[str] = set()

    def check(self, page: str) -> str:
        """The address of the next page, unchanged.

        Raises TryLater for a page that was read before, after too many pages, and for an address
        that is too long.
        """
        if page in self._seen:
            raise TryLater(f"{self._service}'s list leads in a circle.", code="EndlessList")
        if len(self._seen) >= self._max_pages:
            raise TryLater(f"{self._service}'s list does not end.", code="EndlessList")
        if len(page) > _LONGEST_ADDRESS:
            raise TryLater(f"{self._service}'s list names no page.", code="EndlessList")
        self._seen.add(page)
        return page
