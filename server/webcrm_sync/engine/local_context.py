"""What works without any service: one company's settings, database, keys and clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.settings import Settings
from webcrm_sync.store.database import Database, Result, Tx, retry_after_conflict
from webcrm_sync.store.encryption import Cipher


@dataclass(frozen=True, slots=True)
class LocalContext:
    """The part of a Context that calls nobody.

    Importing it loads no client of Graph or webCRM, so that a command such as `status` starts fast.
    """

    settings: Settings
    database: Database
    cipher: Cipher
    company_id: int
    now: Callable[[], datetime]

    @property
    def tenant_id(self) -> str:
        """The Entra tenant, which names the company in keys and stamps."""
        return self.settings.entra_tenant_id.lower()

    def begin(self) -> AbstractContextManager[Tx]:
        """A transaction of this company. Keep it short: no network call may run inside."""
        return self.database.begin(self.company_id)

    def reading(self) -> AbstractContextManager[Tx]:
        """A Tx of this company for a step that only reads: each statement is a transaction."""
        return self.database.reading(self.company_id)

    def retry_conflicts(self, step: Callable[[], Result]) -> Result:
        """Result of `step`, which runs again after a deadlock or a serialization failure.

        `step` must be idempotent, as all jobs and API operations are.
        """
        return retry_after_conflict(step)

    def transact(self, step: Callable[[Tx], Result]) -> Result:
        """Result of `step` in a transaction. `step` may run again, so it must use only `tx`."""
        return self.database.transact(self.company_id, step)
