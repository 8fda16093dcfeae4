"""One company's settings, database, clients and clock; `bootstrap` builds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from webcrm_sync.engine.body_reader.reader import BodyReader
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.settings import Settings
from webcrm_sync.store.database import Database, Result, Tx, again_after_conflict
from webcrm_sync.store.encryption import Seal
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
    """One company with its two clients and its tables."""

    settings: Settings
    database: Database
    graph: GraphClient
    webcrm: WebCrm
    seal: Seal
    metadata: FieldMetadata
    reader: BodyReader
    company_id: int
    now: Callable[[], datetime]
    #: of the product
    version: str
    #: None unless a worker has died with the job that runs
    careful: CarefulMode | None = None

    @property
    def tenant_id(self) -> str:
        """The company's name in keys and stamps."""
        return self.settings.entra_tenant_id.lower()

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A short transaction of this company. Never open one around a network call."""
        with self.database.begin(self.company_id) as tx:
            yield tx

    def repeated(self, step: Callable[[], Result]) -> Result:
        """What `step` returns; it begins again when the database broke it off for another's sake.

        For what may be done twice, as every job and every press of a button may.
        """
        return again_after_conflict(step)

    def transact(self, step: Callable[[Tx], Result]) -> Result:
        """What `step` returns, committed; repeated after a deadlock, so it only uses `tx`."""
        return self.database.transact(self.company_id, step)
