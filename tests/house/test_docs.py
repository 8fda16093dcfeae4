"""The documentation names files, functions and words that exist; decisions follow a template."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server"
PACKAGE = SERVER / "webcrm_sync"
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
#: A path in code type: with a known ending, or a folder.
PATH = re.compile(r"`([\w.-]+(?:/[\w.*-]+)+/?|[\w-]+\.(?:py|ts|toml))`")
ENDINGS = (".py", ".ts", ".md", ".json", ".toml", ".lock", ".yaml", ".xml", ".html", ".css", "/")
#: Files that an administrator or a later change creates, and addresses that look like files.
NO_FILES = {"manifest.xml", "taskpane.html", "cli.py"}
ARCHITECTURE = ROOT / "docs" / "architecture.md"
#: Words of the field or of plain English, which the glossary need not explain.
PLAIN_WORDS = set(
    re.findall(
        r"\w+",
        """
actions active activity add addin address addresses admin after any api app attachment
attachments attempt auth blanks blueprint body bounded bounds bulk certificates changes choice
cli client clients clock cluster column columns common compare concurrency conflicts connection
connections consent contacts copy core create credential crm crowd database deadline deferred
differences digest document documents elements emails embedded encryption endpoints engine entra
env errors events facts failures field fields filename filenames folder folders graph group
groups guard header headers health html http id ids index installation isolate job jobs key keys
later layout limit limits line lines links list listening listing locks logs lookup loop machine
mail mails main manifest manual match message messages metadata microsoft migrate migrations
model net number numbering of open openapi organisations other outgoing outlook pages paging
pane parser pending person pictures plan platforms process properties proxy public query rate
read reader record records refresh remove render reply report request requests retry role routes
row rows rule rules run same schema schemas sdk sender sent serve server serving settings sheet
signing size source store style subject subjects sync tables text time times tls tokens
transport transports truncate typed url urls values variables view views web webcrm webhook
help page webhooks word words workers write writer wsgi
""",
    )
)
#: `module.function` in the list that follows one mail through the code.
STEP = re.compile(r"`((?:[a-z_]+\.)+[A-Za-z_]+)`")


#: The names of the project's files, without their folders.
NAMES = {
    path.name
    for top in (SERVER, ROOT / "addin" / "src", ROOT / "addin" / "taskpane", ROOT / "tests")
    for path in top.rglob("*.*")
} | {path.name for path in ROOT.iterdir()}


def _paths(document: Path) -> Iterator[str]:
    for path in PATH.findall(document.read_text("utf-8")):
        if path.endswith(ENDINGS) and not path.startswith(("/", "graph/notify")):
            yield path


def _exists(path: str, document: Path) -> bool:
    homes = (ROOT, SERVER, PACKAGE, ROOT / "addin", ROOT / "addin" / "src", document.parent)
    if "/" not in path:
        return path in NAMES or (document.parent / path).exists()
    if "*" in path:
        return any(list(home.glob(path)) for home in homes)
    return any((home / path).exists() for home in homes)


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    missing = [path for path in _paths(document) if not _exists(path, document)]
    assert [path for path in missing if Path(path).name not in NO_FILES] == []


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    text = re.sub(r"`[^`]*`", "", document.read_text("utf-8"))
    links = re.findall(r"\]\((?!https?:|#|<)([^)#]+)", text)
    place = document.resolve().parent
    assert [link for link in links if not (place / link).exists()] == []


@cache
def _names_in(module: Path) -> frozenset[str]:
    """The functions and classes of a module, and each class's methods as `Class.method`."""
    names: set[str] = set()
    for node in ast.parse(module.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
            names |= {f"{node.name}.{method.name}" for method in inner}
    return frozenset(names)


def _is_known(step: str) -> bool:
    """True for `room.module.function`, `room.module.Class.method`, or a module alone."""
    parts = step.split(".")
    for size in range(len(parts), 0, -1):
        base = PACKAGE.joinpath(*parts[:size])
        module = (
            base.with_suffix(".py") if base.with_suffix(".py").exists() else base / "__init__.py"
        )
        if module.exists():
            rest = ".".join(parts[size:])
            return not rest or rest in _names_in(module)
    return False


def test_the_way_of_a_mail_names_functions_that_exist() -> None:
    text = ARCHITECTURE.read_text("utf-8")
    section = re.search(r"^## The way of a mail\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert section
    steps = [
        step for step in STEP.findall(section[1]) if step.split(".")[0] not in {"item", "folder"}
    ]
    assert len(steps) >= 20, "the way names each function that a mail passes"
    assert [step for step in steps if not _is_known(step)] == []


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_each_decision_follows_the_template(decision: Path) -> None:
    text = decision.read_text("utf-8")
    number = int(decision.name[:4])
    assert text.startswith(f"# {number}. ")
    assert re.search(r"^- \*\*Status\*\*: (proposed|accepted|replaced by \[ADR \d+\])", text, re.M)
    assert re.search(r"^- \*\*Date\*\*: \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    places = [text.find(f"**{part}") for part in ("Context.", "Decision", "What we give up.")]
    assert -1 not in places
    assert places == sorted(places)


def test_the_guide_grants_no_permission_that_reaches_every_mailbox() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    granted = re.findall(r"^\| `([\w.]+\.\w+)` \|", guide, re.MULTILINE)
    assert {"User.Read.All", "GroupMember.Read.All"} <= set(granted)
    assert not [permission for permission in granted if "Mail" in permission]


def test_one_version_is_named_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    package = json.loads((ROOT / "addin" / "package.json").read_text("utf-8"))
    changelog = (ROOT / "docs" / "changelog.md").read_text("utf-8")
    assert package["version"] == project["version"]
    assert f"## [{project['version']}]" in changelog


def _words() -> set[str]:
    """The words in the glossary's first column, each alone."""
    text = ARCHITECTURE.read_text("utf-8")
    section = re.search(r"^## Glossary\n(.*?)(?:^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section
    rows = re.findall(r"^\| ([^|]+) \|", section[1], re.MULTILINE)
    return {word.strip().lower() for row in rows for word in re.split(r"[,·]", row)}


def test_the_glossary_explains_the_name_of_every_module() -> None:
    known = _words() | PLAIN_WORDS
    modules = {p.stem if p.stem != "__init__" else p.parent.name for p in PACKAGE.rglob("*.py")}
    modules -= {p.stem for p in PACKAGE.rglob("versions/*.py")}
    unexplained = {
        name
        for name in modules
        if name.replace("_", " ") not in known
        and not all(word in known for word in name.split("_") if word)
    }
    assert unexplained == set()
