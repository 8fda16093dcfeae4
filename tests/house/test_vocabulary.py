"""Names that are spelled in one place: jobs and events."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from webcrm_sync.core.events import FACTS, EventKind
from webcrm_sync.core.jobs import Job

PACKAGE = Path(__file__).parents[2] / "server" / "webcrm_sync"
SOURCES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if "versions" not in path.parts and path.name not in {"jobs.py", "events.py"}
)
#: The same words in another meaning: a table, a kind of attachment, a verdict, an option, a key.
OTHER_MEANINGS = {
    ("mirror", "tables.py"),
    ("mirror", "identity.py"),
    ("mirror", "incident_records.py"),
    ("file", "message.py"),
    ("file", "recover.py"),
    ("file", "rebuild.py"),
    ("file", "addin_pages.py"),
    ("keep", "subscriptions.py"),
}


def _nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            yield path, node


def _calls(*names: str) -> Iterator[tuple[Path, ast.Call]]:
    for path, node in _nodes():
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else None
            if (name or getattr(called, "id", None)) in names:
                yield path, node


def test_no_job_is_named_outside_its_enum() -> None:
    jobs = {job.value for job in Job}
    spelled = {
        (node.value, path.name)
        for path, node in _nodes()
        if isinstance(node, ast.Constant) and node.value in jobs
    }
    assert spelled - OTHER_MEANINGS == set()


def test_no_event_is_named_outside_its_enum() -> None:
    spelled = [
        f"{path.name}:{node.lineno}"
        for path, node in _calls("record_event", "NewEvent")
        if node.args and isinstance(node.args[0], ast.Constant)
    ]
    assert spelled == []


def test_events_carry_no_other_facts_than_those_named() -> None:
    own = {"mailbox_id", "email_id", None}
    unknown = [
        f"{path.name}:{node.lineno} {keyword.arg}"
        for path, node in _calls("record_event")
        if node.args and isinstance(node.args[0], ast.Attribute)
        for keyword in node.keywords
        if keyword.arg not in own | FACTS[EventKind[node.args[0].attr]]
    ]
    assert unknown == []
