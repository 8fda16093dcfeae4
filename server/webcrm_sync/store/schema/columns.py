"""The kinds of columns, each spelled once.

A column may have another `key` than name: the key is its word in the code, the name its word in
the database, which never changes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    FromClause,
    Identity,
    Integer,
    MetaData,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from webcrm_sync.core.along import Along
from webcrm_sync.core.message import Party

E = TypeVar("E", bound=StrEnum)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class PartyJson(TypeDecorator[Party]):
    """A Party, stored as its fields in a JSON array."""

    impl = JSONB
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Party | None:
        """The Party, None for NULL and for JSON's null."""
        return Party(*value) if value else None


class PartiesJson(TypeDecorator[tuple[Party, ...]]):
    """Parties, stored as a JSON array of their fields. Read as empty where they are NULL."""

    impl = JSONB
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Party, ...]:
        """The Parties in their order."""
        return tuple(Party(*fields) for fields in value or ())


class AlongJson(TypeDecorator[Along]):
    """What goes along of a mail, stored as a JSON object."""

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Along | None, dialect: Dialect) -> Any:
        """The JSON object, NULL for None."""
        return value.as_json() if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> Along | None:
        """The parts, None for NULL."""
        return Along.from_json(value) if value else None


def stored_enum(kind: type[E]) -> Enum:
    """The type of a column that holds the values of `kind` as text.

    The database does not check them: a later version may add values without a migration.
    """
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=None,
        values_callable=lambda members: [member.value for member in members],
    )


def is_type_different(
    context: object, inspected: object, column: object, stored: TypeEngine[Any], declared: object
) -> bool | None:
    """For Alembic: False for an enum, whose values are stored as text; None = compare as usual."""
    return False if isinstance(declared, Enum) and isinstance(stored, Text) else None


def columns_of(table: FromClause, kind: type[Any]) -> list[ColumnElement[Any]]:
    """The columns for the fields of a dataclass, each labelled with its field's name."""
    return [table.c[name].label(name) for name in kind.__dataclass_fields__]


def id_column() -> Column[int]:
    """The number of a row."""
    return Column("id", BigInteger, Identity(), primary_key=True)


def reference(
    table: str, *, is_optional: bool = False, is_owner: bool = True, primary_key: bool = False
) -> Column[int]:
    """The id of a row in another table.

    When that row is deleted, this row is deleted too; with `is_owner` False it loses the reference.
    """
    key = ForeignKey(f"{table}.id", ondelete="CASCADE" if is_owner else "SET NULL")
    return Column(f"{table}_id", key, nullable=is_optional, primary_key=primary_key)


def time(name: str, *, nullable: bool = True, key: str | None = None) -> Column[Any]:
    """A moment, with its time zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable, key=key)


def count(name: str, *, key: str | None = None) -> Column[int]:
    """A number that begins with 0."""
    return Column(name, Integer, nullable=False, server_default="0", key=key)


def flag(name: str) -> Column[bool]:
    """A boolean that begins as false."""
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def texts(name: str, *, nullable: bool = False, **more: Any) -> Column[Any]:
    """A list of texts, read as a tuple."""
    return Column(name, ARRAY(Text, as_tuple=True), nullable=nullable, **more)
