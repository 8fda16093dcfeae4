"""The house rules that can be measured, measured on every file that belongs to the project."""

from __future__ import annotations

import ast
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

from webcrm_sync.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
PACKAGES = {ROOT / "server" / name for name in ("webcrm_sync", "webcrm_sync_sandbox")}
TOP = {
    *("pyproject.toml", "Makefile", "README.md", "manifest.xml"),
    *("requirements.lock", "requirements-dev.lock", "requirements-bench.lock"),
    *("server", "addin", "tests", "docs"),
}
LONGEST_FILE, LONGEST_FUNCTION = 400, 50
#: Put together here, so that this file passes its own tests.
REGISTRIES = [
    ".".join(host) for host in (("pypi", "org"), ("npmjs", "org"), ("pythonhosted", "org"))
]
UNFINISHED = re.compile("|".join((r"\bTO" + r"DO\b", "FIX" + "ME", "Not" + "ImplementedError")))
#: A patched attribute or entry, whichever name the patcher has: `monkeypatch`, `patch`, `context`.
PATCHES = re.compile(r"\bmock\." + r"patch|\.set(?:at" + r"tr|it" + r"em)\(|unittest\.mo" + r"ck")
#: The reason after each silenced warning.
SILENCED = re.compile(
    r"# (?:no" + r"qa|type: ig" + r"nore)(?:: ?[\w, ]+|\[[\w, -]+\])?\s*(?P<why>.*)$"
)


def _project_files() -> list[Path]:
    listing = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    paths = (ROOT / name for name in listing.split("\0") if name)
    return sorted(p for p in paths if p.is_file())


FILES = _project_files()
PYTHON = [p for p in FILES if p.suffix == ".py"]


def _lines() -> Iterator[tuple[str, str]]:
    """Each line of each text file, with its file and line number."""
    for path in FILES:
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1


def _undocumented(path: Path) -> Iterator[str]:
    module = ast.parse(path.read_text("utf-8"))
    if not ast.get_docstring(module):
        yield f"{path.relative_to(ROOT)}"
    yield from _undocumented_in(module, str(path.relative_to(ROOT)))


def _undocumented_in(scope: ast.Module | ast.ClassDef, place: str) -> Iterator[str]:
    for node in scope.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield f"{place}:{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from _undocumented_in(node, f"{place}:{node.name}")


def test_no_file_is_longer_than_a_few_screens() -> None:
    kinds = {".py", ".ts", ".css", ".html"}
    # A migration lists changes; it is written once and not read as code.
    # The add-in's API types are generated.
    read = [
        p
        for p in FILES
        if p.suffix in kinds and "versions" not in p.parts and p.name != "api_types.ts"
    ]
    sizes = {p: len(p.read_text("utf-8").splitlines()) for p in read}
    longest = sorted(sizes.items(), key=lambda item: -item[1])[:5]
    print(f"{len(sizes)} files, {sum(sizes.values())} lines; the longest:")  # noqa: T201 - a table
    for path, size in longest:
        print(f"{size:5} {path.relative_to(ROOT)}")  # noqa: T201 - a table
    assert [str(p.relative_to(ROOT)) for p, size in sizes.items() if size > LONGEST_FILE] == []


@pytest.mark.parametrize("folder", ["server", "tests"])
def test_no_function_is_longer_than_a_screen(folder: str) -> None:
    """A migration is left out: it is a list of tables, read from top to bottom once."""
    paths = [p for p in PYTHON if ROOT / folder in p.parents and "versions" not in p.parts]
    found = [function for path in paths for function in _functions(path)]
    sizes = [size for _, size in found]
    print(  # noqa: T201 - a table
        f"{folder}: {len(sizes)} functions; lines: median {median(sizes):.0f}, "
        f"p90 {quantiles(sizes, n=10)[8]:.0f}, longest {max(sizes)}"
    )
    assert [name for name, size in found if size > LONGEST_FUNCTION] == []


def test_public_names_carry_docstrings() -> None:
    ours = [p for p in PYTHON if PACKAGES & {*p.parents} and "versions" not in p.parts]
    assert [name for path in ours for name in _undocumented(path)] == []


def test_no_path_of_a_machine_is_in_the_project() -> None:
    places = {f"{ROOT}", f"{Path.home()}/", f"{ROOT.parent}/"} - {"//", f"{tempfile.gettempdir()}/"}
    known = "|".join(re.escape(place) for place in sorted(places))
    path = re.compile(rf"(?<![\w.*-])(?:{known}|/(?:root|home/\w+|Users/\w+)/)")
    assert [place for place, line in _lines() if path.search(line)] == []


def test_no_package_registry_is_named() -> None:
    assert [p for p, line in _lines() if any(host in line for host in REGISTRIES)] == []


def test_nothing_is_left_unfinished() -> None:
    assert [place for place, line in _lines() if UNFINISHED.search(line)] == []


def test_no_test_replaces_what_it_tests() -> None:
    assert [place for place, line in _lines() if PATCHES.search(line)] == []


def test_each_silenced_warning_has_a_reason() -> None:
    found = ((place, SILENCED.search(line)) for place, line in _lines())
    assert [place for place, silenced in found if silenced and not silenced["why"]] == []


def test_the_top_of_the_tree_holds_what_belongs_there() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in FILES}
    assert {name for name in top if not name.startswith(".")} - TOP == set()


def test_the_reference_lists_every_setting_and_no_other() -> None:
    told = set(_settings_in((ROOT / "docs" / "reference.md").read_text("utf-8")))
    assert told == {name.upper() for name in Settings.model_fields}


def _settings_in(text: str) -> Iterator[str]:
    """The names in the first column of each table whose first heading is `variable`."""
    for table in re.findall(r"^\|\s*variable\s*\|.*\n((?:\|.*\n?)+)", text, re.MULTILINE):
        for row in table.splitlines():
            for name in re.findall(r"`([A-Z][A-Z_]+)`", row.split("|")[1]):
                yield name.removeprefix(PREFIX)


def test_a_settings_table_is_read_as_written() -> None:
    text = (
        "| variable | default | |\n|---|---|---|\n"
        "| `WEBCRM_SYNC_LISTEN` | `A_B` | |\n| `TLS_CERT`, `TLS_KEY` | | |\n\n| other |\n"
    )
    assert list(_settings_in(text)) == ["LISTEN", "TLS_CERT", "TLS_KEY"]
