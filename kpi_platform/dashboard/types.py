"""Column types that mean the same on SQLite and PostgreSQL."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


@lru_cache(maxsize=4096)
def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An instant. Takes aware datetimes only, stores UTC, gives aware UTC back (SQLite knows no zones)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone.")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        # SQLite has texts. Most columns hold few instants, each in many rows.
        return _instant if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

Slug = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
"""A short identifier. Compared by bytes, so that every database sorts it alike and fast."""


class _Numbers(sa.TypeDecorator[Sequence[int]]):
    """A list of numbers as one parameter: an array, or JSON in databases without arrays."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        array = dialect.name == "postgresql"
        return dialect.type_descriptor(postgresql.ARRAY(sa.Integer) if array else sa.Text())

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:
        return list(value or ()) if dialect.name == "postgresql" else json.dumps(list(value or ()))


class _Among(FunctionElement[Any]):
    # As a boolean it became `… = 1` on SQLite, for which no index is of use.
    type = sa.types.NullType()
    name = "among"
    inherit_cache = True


def among(column: sa.ColumnElement[int], parameter: str) -> sa.ColumnElement[bool]:
    """Whether `column` is one of the numbers that are given as `parameter`. However many they are, it is the
    same statement, which is compiled and prepared once."""
    return _Among(column, sa.bindparam(parameter, type_=_Numbers))


def among_customers(column: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether `column` is one of the numbers that are given as `customers`."""
    return among(column, "customers")


@compiles(_Among, "postgresql")
def _any_of_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, numbers = element.clauses
    return compiler.process(column == sa.any_(numbers), **options)


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, numbers = element.clauses
    values = sa.func.json_each(numbers).table_valued("value")
    return compiler.process(column.in_(sa.select(values.c.value)), **options)
