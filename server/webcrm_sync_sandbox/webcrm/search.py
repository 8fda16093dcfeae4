"""Runs a parsed script on the records of the simulated webCRM."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any

from webcrm_sync_sandbox.webcrm.fields import Column, Entity, Kind, Record, read_time, show_value
from webcrm_sync_sandbox.webcrm.query_parser import Condition, Joined, Script, ScriptError, Test
from webcrm_sync_sandbox.webcrm.table import Table

#: Undeclared columns that rows also have (GitHub dreamdata-io/tap-webcrm).
_RAW: dict[str, Record] = {
    "Activity": {"a_history": "<table><tr><td></td></tr></table>", "a_dismissed": None},
    "Person": {"p_reportFilterMatch": None, "p_memDate": None},
    "Organisation": {"o_lastUpdatedById": 1},
    "Opportunity": {"op_multiTerritory": None, "op_lastUpdatedById": 1},
}
_Predicate = Callable[[Record], bool]


def search(script: Script, table: Table, *, zone: tzinfo, page: int, size: int) -> list[Record]:
    """One page of the matching rows. `page` counts from 1. Raises ScriptError for unknown names."""
    entity = table.entity
    names = _names(entity)
    columns = [_known(names, name) for name in script.columns] or list(entity.columns)
    records = _matching(script, table, names, zone)
    if script.order:
        records = _sorted(records, _known(names, script.order), script.is_descending)
    start = (page - 1) * size
    return [
        {
            "RowNumber": start + number,
            **{name: show_value(entity.columns[name], r.get(name), zone) for name in columns},
            **_RAW.get(entity.name, {}),
        }
        for number, r in enumerate(records[start : start + size], start=1)
    ]


def _names(entity: Entity) -> dict[str, str]:
    return {name.casefold(): name for name in entity.columns}


def _known(names: dict[str, str], name: str) -> str:
    if name.casefold() not in names:
        raise ScriptError(f"Invalid column name '{name}'")
    return names[name.casefold()]


def _sorted(records: list[Record], name: str, is_descending: bool) -> list[Record]:
    """The records in the order of one field; empty ones come first, as in the vendor's database."""
    empty = [record for record in records if record.get(name) is None]
    filled = [record for record in records if record.get(name) is not None]
    filled.sort(key=lambda record: _folded(record[name]))
    ordered = empty + filled
    return ordered[::-1] if is_descending else ordered


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _matching(script: Script, table: Table, names: dict[str, str], zone: tzinfo) -> list[Record]:
    if script.where is None:
        return table.found()
    holds = _predicate(script.where, table.entity, names, zone)
    since = {
        test.field.casefold(): _moment(test.value)
        for test in _required_tests(script.where)
        if test.operator == ">="
    }
    records = table.found(
        created_since=since.get(table.created_name.casefold()),
        updated_since=since.get(table.updated_name.casefold()),
    )
    return [record for record in records if holds(record)]


def _required_tests(condition: Condition) -> Iterator[Test]:
    """The tests that every matching row must pass."""
    if isinstance(condition, Test):
        yield condition
    elif condition.word == "AND":
        for part in condition.parts:
            yield from _required_tests(part)


def _moment(value: str | int) -> datetime | None:
    try:
        return read_time(str(value), UTC)
    except ValueError:
        return None


def _predicate(
    condition: Condition, entity: Entity, names: dict[str, str], zone: tzinfo
) -> _Predicate:
    if isinstance(condition, Joined):
        parts = [_predicate(part, entity, names, zone) for part in condition.parts]
        combine = all if condition.word == "AND" else any
        return lambda record: combine(part(record) for part in parts)
    name = _known(names, condition.field)
    if re.fullmatch(r"[A-Za-z]+(Custom|Plus)\d+", name):
        # "It may lead to incorrect results": nothing may be built on such a filter.
        return lambda record: False
    wanted = _literal(entity.columns[name], condition, zone)
    return _comparison(name, condition.operator, wanted)


def _comparison(name: str, operator: str, wanted: Any) -> _Predicate:
    def holds(record: Record) -> bool:
        value = _folded(record.get(name))
        if value is None:
            return False
        return bool(value == wanted if operator == "=" else value >= wanted)

    return holds


def _literal(column: Column, test: Test, zone: tzinfo) -> Any:
    """The literal as a value of the field's type. Raises ScriptError if it has another type."""
    text = str(test.value)
    try:
        if column.kind in {Kind.TIME, Kind.LOCAL}:
            return read_time(text, zone if column.kind is Kind.LOCAL else UTC)
        if column.kind in {Kind.NUMBER, Kind.FLAG}:
            return int(text)
        if column.kind is Kind.AMOUNT:
            return float(text)
    except ValueError as error:
        raise ScriptError(f"Conversion failed for '{test.field}'") from error
    return text.casefold()
