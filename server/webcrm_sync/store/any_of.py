"""Membership in a list of any length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, any_, bindparam, literal


def any_of(column: ColumnElement[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """True for rows whose `column` is one of `values`, sent as one array.

    In an IN list each value is a parameter, and a statement takes 65,535 of them at most
    (PostgreSQL: message formats, Bind).
    """
    return column == any_(literal(list(values), ARRAY(column.type)))


def any_of_param(column: Column[Any], name: str) -> ColumnElement[bool]:
    """`any_of` for the values of the parameter `name`, for statements that are built once.

    Building a statement takes longer than sending it, so the statements of every page and batch
    are built at import.
    """
    return column == any_(bindparam(name, type_=ARRAY(column.type)))
