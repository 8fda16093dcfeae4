"""Reads the settings of this process, and says everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from webcrm_sync.settings.conflicts import find_conflicts
from webcrm_sync.settings.model import PREFIX, Settings
from webcrm_sync.settings.variables import DOTENV, Variables, misspelt, read_variables
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
    if DOTENV in variables.errors:  # of the others nobody knows whether they are missing
        raise SettingsError([variables.errors[DOTENV]])
    settings, wrong = _validate_each(variables)
    known = variables.errors.keys() | wrong.keys()
    lines = [*variables.errors.values(), *misspelt(variables)]
    lines += [line for name, line in wrong.items() if not _is_explained(name, line, variables)]
    lines += [one.sentence for one in find_conflicts(settings) if not one.settings & known]
    if lines:
        raise SettingsError(lines)
    return settings


def find_warnings() -> list[str]:
    """A sentence for each variable with the product's prefix that no setting reads."""
    return [one.sentence for one in read_variables().unknown if not one.is_misspelt]


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
    """True for "is missing" if another line says why."""
    return name in variables.errors and line.endswith(": is missing")
