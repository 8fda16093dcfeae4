"""The checks of what the web process serves: the built add-in, and the address it listens on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from webcrm_sync.engine.operations.doctor import Check, Verdict
from webcrm_sync.engine.operations.installation import SERVICE
from webcrm_sync.net.reach import Unreachable, reach
from webcrm_sync.settings import PREFIX, Settings
from webcrm_sync.web.addin_pages import BUILT_FOLDER, is_built
from webcrm_sync.web.serving.listening import CannotListen, bind_sockets


def check_addin(built: Path = BUILT_FOLDER) -> Iterator[Check]:
    """Whether the add-in's scripts are there: without them Outlook shows an empty pane."""
    if is_built(built):
        yield Check("add-in", Verdict.OK, "it is built")
        return
    text = (
        "it is not built, so Outlook shows an empty pane. Install the wheel of a release, or run "
        "`make` in the source folder"
    )
    yield Check("add-in", Verdict.FAILED, text)


def check_listen(settings: Settings) -> Iterator[Check]:
    """Whether LISTEN is free, or this service listens there already."""
    name = "listen"
    try:
        with ExitStack() as stack:
            for one in bind_sockets(settings.listen):
                stack.enter_context(closing(one))
        yield Check(name, Verdict.OK, f"{settings.listen} is free")
    except CannotListen as error:
        if _is_this_service(settings):
            yield Check(name, Verdict.OK, f"the service listens on {settings.listen}")
            return
        text = f"{error} Another program may use it: stop that, or set {PREFIX}LISTEN"
        yield Check(name, Verdict.FAILED, text)


def _is_this_service(settings: Settings) -> bool:
    scheme = "https" if settings.tls_cert else "http"
    try:
        reached = reach(f"{scheme}://{settings.listen}/healthz", settings.ca_bundle)
        answer = json.loads(reached.content)
    except Unreachable as error:
        return error.fault is not None  # by its address it has no name, but it speaks TLS
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("service") == SERVICE
