"""A line to webCRM that does not count calls: hours of a test pass within one real minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from webcrm_sync.engine.context import Context
from webcrm_sync.store.webcrm_line import WebCrmLine
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import FieldMetadata, LevelMetadata


@contextmanager
def unlimited_line(context: Context, url: str) -> Iterator[Context]:
    """The context with a webCRM client of its own, one call at a time and any number a minute.

    The line counts by the database's clock, which no test advances: with its limit, a test that
    makes 240 calls would wait until that minute is over.
    """
    settings, now = context.settings, context.now
    with (
        closing(WebCrmLine(url, context.company_id, limit=10**9)) as line,
        closing(WebCrm(settings, now=now, line=line)) as webcrm,
    ):
        yield replace(
            context,
            webcrm=webcrm,
            metadata=FieldMetadata(fetch=webcrm.list_fields, now=now),
            levels=LevelMetadata(fetch=webcrm.list_level_labels, now=now),
        )
