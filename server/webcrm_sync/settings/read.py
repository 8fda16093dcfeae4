"""Reads the settings of this process, and says everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from webcrm_sync.settings.conflicts import Conflict, find_conflicts
from webcrm_sync.settings.dotenv_file import DOTENV
from webcrm_sync.settings.model import PREFIX, Settings
from webcrm_sync.settings.variables import Variables, misspelt, read_variables
from webcrm_sync.settings.words import describe_error

#: Stands for a required value that is wrong, while the others are compared.
_ANY = "any"


class SettingsError(Exception):
    """Settings are missing or wrong. The message has a line for each of them."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


def read_settings() -> Settings:
    """The settings of this process. Raises SettingsError, which names each wrong variable."""
    variables = read_variables()
    settings, wrong = _validate_each(variables)
    lines = [*variables.errors.values(), *misspelt(variables)]
    lines += [line for name, line in wrong.items() if not _is_explained(name, line, variables)]
    lines += [
        one.sentence
        for one in find_conflicts(settings)
        if _is_certain(one, variables, variables.errors.keys() | wrong.keys())
    ]
    if lines:
        raise SettingsError(lines)
    return settings


def find_warnings() -> list[str]:
    """A sentence for each of the product's variables that no setting reads, or that is repeated."""
    variables = read_variables()
    unknown = [one.sentence for one in variables.unknown if not one.is_misspelt]
    return unknown + variables.repeated


def _validate_each(variables: Variables) -> tuple[Settings, dict[str, str]]:
    """The settings with a stand-in for each wrong value, and a line for each of those."""
    try:
        return _validate(variables.values), {}
    except ValidationError as error:
        wrong = {
            str(one["loc"][0]): f"{describe_error(one)}"
            for one in error.errors(include_input=False, include_url=False)
        }
    lines = {name: f"{PREFIX}{variables.name_of(name)}: {text}" for name, text in wrong.items()}
    return _validate(variables.values | _stand_ins(wrong)), lines


def _validate(values: Mapping[str, Any]) -> Settings:
    return Settings(_env_file=None, **values)


def _stand_ins(names: Iterable[str]) -> dict[str, Any]:
    """A valid value for each of these settings."""
    fields = {name: Settings.model_fields[name] for name in names}
    return {name: _ANY if one.is_required() else one.default for name, one in fields.items()}


def _is_explained(name: str, line: str, variables: Variables) -> bool:
    """True for "is missing" if another line says why, or may: a broken line of `.env`."""
    is_missing = line.endswith(": is missing")
    return is_missing and (name in variables.errors or DOTENV in variables.errors)


def _is_certain(conflict: Conflict, variables: Variables, wrong: Collection[str]) -> bool:
    """False for a conflict about a wrong value, or about one that a broken line may give."""
    if DOTENV in variables.errors and not conflict.settings <= variables.values.keys():
        return False
    return conflict.settings.isdisjoint(wrong)
