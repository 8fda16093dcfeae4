"""Many rows in one statement, which reads the same whatever their number.

A parameter for each value of each row costs the driver more time than the rows cost the database,
and a statement for each row costs a round trip.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache

from sqlalchemy import (
    JSON,
    ColumnClause,
    Table,
    TableValuedAlias,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import Insert, insert

Rows = Iterable[Mapping[str, object]]


@cache
def lines(table: Table, *names: str) -> TableValuedAlias:
    """The rows that `sent` brings to a statement, as a table with these columns of `table`."""
    columns: list[ColumnClause[object]] = [column(n, table.c[n].type) for n in names]
    rows = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
    return rows.table_valued(*columns).render_derived("lines", with_types=True)


@cache
def _insert(table: Table, *names: str) -> Insert:
    return insert(table).from_select(list(names), select(*lines(table, *names).c))


def insert_of(table: Table, row: Mapping[str, object]) -> Insert:
    """A statement that inserts all rows that `sent` brings, in their order; `row`: one of them."""
    return _insert(table, *row)


def sent(rows: Rows) -> dict[str, str]:
    """Rows as one parameter."""
    return {"rows": json.dumps(list(rows), ensure_ascii=False, default=_written)}


def _written(value: object) -> str:
    """What JSON has no form for, as PostgreSQL reads it."""
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return f"\\x{value.hex()}"
        case _:
            raise TypeError(f"{type(value).__name__} is no value of a column")
