"""Many rows in one statement, whose text does not depend on their number.

One JSON parameter carries all rows. A parameter per value costs the driver more time than the rows
cost the database; a statement per row costs a round trip.
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
def rows_as_table(table: Table, *names: str) -> TableValuedAlias:
    """The rows of `rows_parameter` as a table with these columns of `table`."""
    columns: list[ColumnClause[object]] = [column(n, table.c[n].type) for n in names]
    rows = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
    return rows.table_valued(*columns).render_derived("lines", with_types=True)


@cache
def _insert(table: Table, *names: str) -> Insert:
    return insert(table).from_select(list(names), select(*rows_as_table(table, *names).c))


def bulk_insert(table: Table, row: Mapping[str, object]) -> Insert:
    """A statement that inserts the rows of `rows_parameter` in their order.

    `row`: any one of the rows, which all have the same columns.
    """
    return _insert(table, *row)


def rows_parameter(rows: Rows) -> dict[str, str]:
    """The parameter of a statement that carries these rows."""
    return {"rows": json.dumps(list(rows), ensure_ascii=False, default=_to_json)}


def _to_json(value: object) -> str:
    """A value that JSON lacks, in the form that PostgreSQL reads."""
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return f"\\x{value.hex()}"
        case _:
            raise TypeError(f"{type(value).__name__} is no value of a column")
