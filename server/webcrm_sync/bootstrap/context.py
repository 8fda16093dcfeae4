"""The engine's context with its clients of Graph and webCRM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from jwt import PyJWK

from webcrm_sync.bootstrap.local import database_url, open_local_context, utc_now
from webcrm_sync.engine.body_reader.reader import BodyReader
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.operations import webcrm_in_use
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.graph.signing_keys import SigningKeys
from webcrm_sync.settings import Settings
from webcrm_sync.store.webcrm_line import Caller, WebCrmLine
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import FieldMetadata, LevelMetadata


@contextmanager
def open_context(
    settings: Settings,
    *,
    caller: Caller = Caller.JOB,
    url: str | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Iterator[Context]:
    """The engine's context, whose connections close at the end of the block.

    `caller`: whose questions to webCRM it asks. `url`: of a running database. Raises what
    `open_local_context` and `webcrm_in_use.refuse_another` raise.
    """
    with open_unchecked_context(settings, caller=caller, url=url, now=now) as context:
        webcrm_in_use.refuse_another(context)
        yield context


@contextmanager
def open_unchecked_context(
    settings: Settings,
    *,
    caller: Caller = Caller.JOB,
    url: str | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Iterator[Context]:
    """The same for `doctor`, which says what is wrong: the webCRM may be another one."""
    if url is None:
        with (
            database_url(settings) as own,
            open_unchecked_context(settings, caller=caller, url=own, now=now) as context,
        ):
            yield context
        return
    with (
        open_local_context(settings, url=url, now=now) as local,
        closing(GraphClient(settings, now=now)) as graph,
        closing(WebCrmLine(url, local.company_id, caller=caller)) as line,
        closing(WebCrm(settings, now=now, line=line)) as webcrm,
        closing(BodyReader()) as reader,
    ):
        yield Context(
            settings=settings,
            database=local.database,
            cipher=local.cipher,
            company_id=local.company_id,
            now=now,
            graph=graph,
            webcrm=webcrm,
            metadata=FieldMetadata(fetch=webcrm.list_fields, now=now),
            levels=LevelMetadata(fetch=webcrm.list_level_labels, now=now),
            body_reader=reader,
            version=_version(),
        )


def signing_keys(context: Context) -> Callable[[str], PyJWK | None]:
    """Finds the tenant's public keys by key id, to verify people's tokens."""
    return SigningKeys(context.settings, now=context.now).find_key


def _version() -> str:
    """The product's version, empty when it runs without an installation."""
    with suppress(PackageNotFoundError):
        return version("webcrm-sync")
    return ""
