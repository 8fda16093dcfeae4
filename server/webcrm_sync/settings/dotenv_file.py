"""Reads `.env`: its values, the lines that are no variable, and the names that it gives twice."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

DOTENV = ".env"
NOT_TEXT = "must be text in UTF-8"


@dataclass(frozen=True, slots=True)
class DotenvFile:
    """What `.env` holds. `trouble`: a sentence about what cannot be read in it, None = nothing.

    `repeated`: a sentence for each of the product's variables that stands there twice.
    """

    values: dict[str, str]
    trouble: str | None = None
    repeated: tuple[str, ...] = ()


def read_dotenv(prefix: str) -> DotenvFile:
    """The file of this folder; empty without one. `prefix`: of the product's own variables.

    A line that cannot be read hides no other line.
    """
    try:
        text = Path(DOTENV).read_bytes().decode("utf-8-sig")  # editors on Windows write a mark
    except FileNotFoundError:
        return DotenvFile({})
    except UnicodeDecodeError:
        return DotenvFile({}, f"{DOTENV}: {NOT_TEXT}")
    except OSError as error:
        return DotenvFile({}, f"{DOTENV}: cannot be read ({error.strerror})")
    bindings = list(parse_stream(io.StringIO(text)))
    values = dotenv_values(stream=io.StringIO(text))
    return DotenvFile(
        {name: value for name, value in values.items() if value},
        _describe_broken([one for one in bindings if _is_broken(one, prefix)]),
        tuple(_describe_repeated(bindings, prefix)),
    )


def _is_broken(binding: Binding, prefix: str) -> bool:
    """True for what is no variable, and for a variable of the product without `=`."""
    return binding.error or (binding.value is None and _is_own(binding, prefix))


def _is_own(binding: Binding, prefix: str) -> bool:
    return binding.key is not None and binding.key.upper().startswith(prefix)


def _lines(binding: Binding) -> str:
    """The lines of the file that a binding takes, such as `4`, or `4-5` after an open quote."""
    text = binding.original.string
    first = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
    last = first + text.strip().count("\n")
    return f"{first}" if first == last else f"{first}-{last}"


def _describe_broken(broken: Sequence[Binding]) -> str | None:
    if not broken:
        return None
    lines = [_lines(one) for one in broken]
    if len(lines) == 1 and "-" not in lines[0]:
        return f"{DOTENV}: line {lines[0]} is not NAME=value"
    return f"{DOTENV}: lines {', '.join(lines)} are not NAME=value"


def _describe_repeated(bindings: Sequence[Binding], prefix: str) -> Iterator[str]:
    """A sentence for each own variable on several lines: the last of them counts."""
    places: dict[str, list[str]] = {}
    for one in bindings:
        if one.value is not None and _is_own(one, prefix):
            places.setdefault(str(one.key).upper(), []).append(_lines(one))
    for name, lines in places.items():
        *earlier, last = lines
        if earlier:
            before = f"{'line' if len(earlier) == 1 else 'lines'} {', '.join(earlier)}"
            yield (
                f"{name}: {DOTENV} gives it again on line {last}, which counts; {before} does not."
                " Delete one of them"
            )
