"""The company's context for the commands that call Graph or webCRM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.cli import common
from webcrm_sync.engine.context import Context
from webcrm_sync.store.webcrm_line import Caller


@contextmanager
def open_company(caller: Caller = Caller.JOB) -> Iterator[Context]:
    """Open the company's context; expected errors become messages (`common.plain_errors`)."""
    with common.plain_errors(), open_context(common.settings(), caller=caller) as context:
        yield context
