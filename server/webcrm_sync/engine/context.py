"""One company's settings, database, clients and clock. `bootstrap` builds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from webcrm_sync.engine.body_reader.reader import BodyReader
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.settings import Settings
from webcrm_sync.store.database import Database, Result, Tx, retry_after_conflict
from webcrm_sync.store.encryption import Cipher
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import FieldMetadata


@dataclass(frozen=True, slots=True)
class CarefulMode:
    """How a job runs after a worker died with it: one thing at a time, with a crash marker each.

    `lock` is shared by all threads of the job: two markers at once could blame the wrong thing.
    """

    task: str
    subject_id: int
    lock: RLock = field(default_factory=RLock)


@dataclass(frozen=True, slots=True)
class Context:
    """What every job and request of one company works with."""

    settings: Settings
    database: Database
    graph: GraphClient
    webcrm: WebCrm
    cipher: Cipher
    metadata: FieldMetadata
    body_reader: BodyReader
    company_id: int
    now: Callable[[], datetime]
    #: version of the product
    version: str
    #: None unless a worker has died with the job that runs
    careful: CarefulMode | None = None

    @property
    def tenant_id(self) -> str:
        """The Entra tenant, which names the company in keys and stamps."""
        return self.settings.entra_tenant_id.lower()

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction of this company. Keep it short: no network call may run inside."""
        with self.database.begin(self.company_id) as tx:
            yield tx

    def retry_conflicts(self, step: Callable[[], Result]) -> Result:
        """Result of `step`, which runs again after a deadlock or a serialization failure.

        `step` must be idempotent, as all jobs and API operations are.
        """
        return retry_after_conflict(step)

    def transact(self, step: Callable[[Tx], Result]) -> Result:
        """Result of `step` in a transaction. `step` may run again, so it must use only `tx`."""
        return self.database.transact(self.company_id, step)
