"""The parts that all tables share: names of constraints, common columns and keys, history tables."""

from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard.types import Slug

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def one_of(column: str, *allowed: str) -> sa.CheckConstraint:
    """Makes a check that the column has one of the values, as comparisons: SQLite builds the list of an IN
    again for each row that it checks."""
    same = (sa.column(column, sa.String) == str(value) for value in allowed)
    return sa.CheckConstraint(sa.or_(*same), name=column)


def customer_id_column(**options: Any) -> sa.Column[int]:
    return sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id"), nullable=False, **options)


def account_key() -> sa.ForeignKeyConstraint:
    """Makes the foreign key to an account, which also holds that the account is the same customer's."""
    return sa.ForeignKeyConstraint(["customer_id", "account_id"], ["accounts.customer_id", "accounts.id"])


def upload_key() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id", "upload_version"], ["kpi_uploads.customer_id", "kpi_uploads.version"]
    )


_REQUIRED = {"name", "status", "as_of", "unreadable_count"}
_DEFAULTS = {"unreadable_count": "0"}


def state_columns(columns: tuple[tuple[str, Any], ...]) -> list[sa.Column[Any]]:
    return [
        sa.Column(name, type_, nullable=name not in _REQUIRED, server_default=_DEFAULTS.get(name))
        for name, type_ in columns
    ]


def history_table(
    name: str, key: list[sa.Column[Any]], state: tuple[tuple[str, Any], ...], *constraints: sa.Constraint
) -> sa.Table:
    """Makes a history table. Rows of an upload lie together, in key order: appending is cheap, and so is
    reading an upload back. One account's history is one short probe for each upload."""
    return sa.Table(
        name,
        metadata,
        sa.Column("customer_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("upload_version", sa.Integer, primary_key=True, autoincrement=False),
        *key,
        *state_columns(state),
        sa.Column("change", Slug, nullable=False),
        sa.Column(
            "brought_by", sa.Integer, nullable=False, comment="The upload that first brought this state."
        ),
        one_of("change", "baseline", "inserted", "updated", "retired", "restored", "removed", "history_only"),
        *constraints,
    )


def key_column(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, primary_key=True, autoincrement=False)
