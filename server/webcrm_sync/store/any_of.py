"""Membership in a list of any length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, any_, bindparam, literal


def any_of(column: ColumnElement[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """True for rows whose `column` is one of `values`, which travel as one array.

    Each value of an IN list is a parameter of its own, and a statement takes 65,535 of them
    (PostgreSQL: message formats, Bind).
    """
    return column == any_(literal(list(values), ARRAY(column.type)))


def any_sent(column: Column[Any], name: str) -> ColumnElement[bool]:
    """The same, of the values that a statement made beforehand is sent by this name.

    To make a statement takes longer than to send it: those of every page and batch are made once.
    """
    return column == any_(bindparam(name, type_=ARRAY(column.type)))
