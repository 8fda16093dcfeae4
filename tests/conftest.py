"""Fixtures for every test: a real database, started once per process and emptied for each test.

Tests use `fresh_database`; `database_url` is the server behind it.
"""

from __future__ import annotations

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
import trustme

from support.database import empty, prepare_emptying
from support.fast_database import disable_durability, prepare_soon
from support.openapi import VARIABLES
from webcrm_sync.localdb.embedded import embedded
from webcrm_sync.store.database import Database
from webcrm_sync.store.migrate import migrate

# The time of an example depends on the machine, not on the product.
hypothesis.settings.register_profile("house", deadline=None, max_examples=60)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def _few_roots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Replace the system's root certificates by one that signs nothing: no test calls other hosts.

    Reading the 140 real ones takes 30 ms for every TLS context.
    """
    root = tmp_path_factory.mktemp("roots") / "root.pem"
    trustme.CA().cert_pem.write_to_path(str(root))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(root))
        patch.setenv("SSL_CERT_DIR", str(root.parent))
        yield


@pytest.fixture(autouse=True)
def _same_log_level() -> Iterator[None]:
    """Undo `--log-level` of a command that a test runs in this process."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """The URL of a migrated PostgreSQL; one server per test process.

    Each worker of pytest-xdist has its own. Its directory has a short name, since the path of a
    socket must be short.
    """
    home = Path(tempfile.mkdtemp(prefix="wcs-"))
    try:
        with embedded(home / "db", create=True) as url:
            disable_durability(home / "db", url)
            # Open for the whole run, so that the tests share its connections: PostgreSQL plans a
            # statement anew for each connection.
            with closing(Database(url, now=lambda: datetime.now(UTC))) as opened:
                migrate(opened.engine)
                prepare_soon(opened.engine)
                prepare_emptying(opened.engine)
                yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def fresh_database(database_url: str) -> str:
    """The URL of the migrated database with every table empty and every id starting at 1.

    Earlier users must have ended their transactions; otherwise the test fails after ten seconds.
    """
    empty(database_url)
    return database_url


#: Names the file with reading cases; without it, their tests are not collected.
READING_CASES = "WEBCRM_SYNC_READING_CASES"
collect_ignore = [] if os.environ.get(READING_CASES) else ["unit/test_reading_cases.py"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long tests first, so that no process works alone at the end."""
    items.sort(key=lambda item: "long" not in item.keywords)


def pytest_collection_finish() -> None:
    """Exempt existing objects from garbage collection, which would visit all tests each time."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts of tests, and the missing descriptions of vendors."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "counted":
                terminalreporter.write_line(f"{report.head_line}: {value}")
    wanted = [*VARIABLES.values(), "WEBCRM_SYNC_MANIFEST_XSD"]
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        terminalreporter.write_line(
            f"Not checked against the vendors' descriptions: {', '.join(missing)} not set."
        )
    if collect_ignore:
        terminalreporter.write_line(f"The reading cases did not run: {READING_CASES} not set.")
