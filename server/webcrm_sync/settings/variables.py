"""The variables that are given: in the environment, in `.env`, and in the files that they name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import get_args

from pydantic import SecretStr

from webcrm_sync.settings.dotenv_file import DOTENV, NOT_TEXT, read_dotenv
from webcrm_sync.settings.model import PREFIX, Settings

_FILE = "_FILE"
#: The largest file that is read as a secret.
_MAX_BYTES = 64 * 1024
#: From this likeness on, a name is a misspelt one; below `_ALIKE` it is like no other.
_MISSPELT, _ALIKE = 0.8, 0.6


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable that is no setting. `nearest`: the setting that is most like it."""

    name: str
    nearest: str | None
    is_misspelt: bool

    @property
    def sentence(self) -> str:
        """What is wrong, with the nearest name."""
        hint = f"; did you mean {PREFIX}{self.nearest}?" if self.nearest else ""
        return f"{PREFIX}{self.name}: is no setting of this version{hint}"


@dataclass(frozen=True, slots=True)
class Variables:
    """The given values by setting. `names`: the variable of each, without the prefix.

    `errors`: a line for each setting that cannot be read, and one for `.env` (`DOTENV`).
    `repeated`: a sentence for each variable that is given twice, of which one counts.
    """

    values: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)

    def name_of(self, setting: str) -> str:
        """The variable that gives the setting, or would give it."""
        return self.names.get(setting, setting.upper())


def secret_fields() -> frozenset[str]:
    """The settings that hold a secret, which a file may hold instead."""
    secrets = {
        name
        for name, one in Settings.model_fields.items()
        if SecretStr in (one.annotation, *get_args(one.annotation))
    }
    return frozenset(secrets | {"database_url"})


def read_variables() -> Variables:
    """The product's variables. The environment wins over `.env`; an empty one counts as unset."""
    file = read_dotenv(PREFIX)
    found = Variables(repeated=[*file.repeated, *_overruled(file.values)])
    if file.trouble:
        found.errors[DOTENV] = file.trouble
    _sort_out(found, {**file.values, **os.environ})
    return found


def _overruled(in_file: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each variable that `.env` and the environment give different values."""
    for name, value in in_file.items():
        if name.upper().startswith(PREFIX) and os.environ.get(name, value) != value:
            yield f"{name}: the environment gives it, so the value in {DOTENV} does not count"


def _sort_out(found: Variables, given: Mapping[str, str]) -> None:
    named = {
        name.upper().removeprefix(PREFIX): value
        for name, value in given.items()
        if name.upper().startswith(PREFIX) and value
    }
    secrets = {name.upper() for name in secret_fields()}
    known = {name.upper() for name in Settings.model_fields}
    for name, value in named.items():
        setting = name.removesuffix(_FILE)
        if name in known:
            _take(found, name, name, value)
        elif name.endswith(_FILE) and setting in secrets:
            _take_file(found, setting, named)
        elif name.endswith(_FILE) and setting in known:
            found.unknown.append(Unknown(name, setting, is_misspelt=True))
        else:
            found.unknown.append(_find_nearest(name, known | {f"{s}{_FILE}" for s in secrets}))


def _take(found: Variables, setting: str, name: str, value: str) -> None:
    if not value.strip():
        found.errors[setting.lower()] = f"{PREFIX}{name}: holds only blanks"
        return
    found.values[setting.lower()] = value
    found.names[setting.lower()] = name


def _take_file(found: Variables, setting: str, named: Mapping[str, str]) -> None:
    name = f"{setting}{_FILE}"
    if setting in named:
        found.errors[setting.lower()] = f"{PREFIX}{setting} and {PREFIX}{name}: give one of them"
        return
    try:
        _take(found, setting, name, _read_secret(named[name]))
    except ValueError as error:
        found.errors[setting.lower()] = f"{PREFIX}{name}: {error}"


def _read_secret(path: str) -> str:
    """The only line of a file. Raises ValueError with a sentence that quotes nothing."""
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            content = file.read(_MAX_BYTES + 1)
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError(NOT_TEXT) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "no such file"
        raise ValueError(f"the file cannot be read ({reason})") from None
    if not text:
        raise ValueError("the file is empty")
    if len(text.splitlines()) > 1 or len(content) > _MAX_BYTES:
        raise ValueError("the file must hold one line, the secret alone")
    return text


def _open_at_once(path: str, flags: int) -> int:
    """The file's descriptor, without waiting for somebody who writes into a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _find_nearest(name: str, known: set[str]) -> Unknown:
    """The unknown name with the most similar known one. Underscores do not count."""
    likeness, nearest = max((_compare(name, one), one) for one in sorted(known))
    is_alike = likeness >= _ALIKE
    return Unknown(name, nearest if is_alike else None, is_misspelt=likeness >= _MISSPELT)


def _compare(one: str, other: str) -> float:
    """Between 0 and 1 = equal."""
    return SequenceMatcher(None, one.replace("_", ""), other.replace("_", "")).ratio()


def misspelt(variables: Variables) -> Iterator[str]:
    """A line for each misspelt variable."""
    return (one.sentence for one in variables.unknown if one.is_misspelt)
