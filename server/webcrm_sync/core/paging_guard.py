"""Where a listing has been: one that leads in a circle, or never ends, is given up."""

from __future__ import annotations

from webcrm_sync.core.errors import TryLater

#: No address of a page is longer than what servers take.
_LONGEST = 32_000


class PagingGuard:
    """The pages that one listing has led to."""

    def __init__(self, service: str, *, most: int) -> None:
        self._service = service
        self._most = most
        self._seen: set[str] = set()

    def check(self, page: str) -> str:
        """The address of the page that comes next, as it was given.

        Raises TryLater for one that this listing has been to, for one page too many, and for what
        is no address by its length.
        """
        if page in self._seen:
            raise TryLater(f"{self._service}'s list leads in a circle.", code="EndlessList")
        if len(self._seen) >= self._most:
            raise TryLater(f"{self._service}'s list does not end.", code="EndlessList")
        if len(page) > _LONGEST:
            raise TryLater(f"{self._service}'s list names no page.", code="EndlessList")
        self._seen.add(page)
        return page
