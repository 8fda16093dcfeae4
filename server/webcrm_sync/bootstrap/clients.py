"""The clients of Graph and webCRM without a database, for `doctor` while there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcrm_sync.bootstrap.local import utc_now
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.settings import Settings
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import FieldMetadata


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of the services, and what they were made with."""

    settings: Settings
    now: Callable[[], datetime]
    graph: GraphClient
    webcrm: WebCrm
    metadata: FieldMetadata


class _NoLine:
    """Lets every call to webCRM through: the line is in the database, and there is none."""

    def turn(self, longest: timedelta) -> AbstractContextManager[None]:
        del longest
        return nullcontext()


@contextmanager
def open_clients(settings: Settings) -> Iterator[Clients]:
    """The clients, whose connections close at the end of the block."""
    now = utc_now
    with (
        closing(GraphClient(settings, now=now)) as graph,
        closing(WebCrm(settings, now=now, line=_NoLine())) as webcrm,
    ):
        metadata = FieldMetadata(fetch=webcrm.list_fields, now=now)
        yield Clients(settings, now, graph, webcrm, metadata)
