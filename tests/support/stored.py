"""Columns as the database holds them, without the values that the product makes of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator


def as_stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """JSON as lists, arrays as lists; other columns as they are."""
    if isinstance(column.type, TypeDecorator):
        return type_coerce(column, JSONB)
    if isinstance(column.type, ARRAY):
        return type_coerce(column, ARRAY(Text))
    return column
