"""One company's settings, database, clients and clock. `bootstrap` builds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, RLock

from webcrm_sync.engine.body_reader.reader import BodyReader
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import FieldMetadata, LevelMetadata


@dataclass(frozen=True, slots=True)
class CarefulMode:
    """How a job runs after a worker died with it: one thing at a time, with a crash marker each.

    `lock` is shared by all threads of the job: two markers at once could blame the wrong thing.
    """

    task: str
    subject_id: int
    lock: RLock = field(default_factory=RLock)


@dataclass(frozen=True, slots=True)
class Context(LocalContext):
    """What every job and request of one company works with."""

    graph: GraphClient
    webcrm: WebCrm
    metadata: FieldMetadata
    levels: LevelMetadata
    body_reader: BodyReader
    #: version of the product
    version: str
    #: None unless a worker has died with the job that runs
    careful: CarefulMode | None = None
    #: set when this process must end: a long job ends at its next step, and runs again elsewhere
    stopping: Event = field(default_factory=Event)
