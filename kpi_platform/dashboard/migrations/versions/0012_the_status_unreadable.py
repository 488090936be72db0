"""The status `unreadable`, and how many rows of each value could not be read: none of the old ones."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.migrations.sqlite_table import rewrite

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_BEFORE = ("ok", "stale", "out_of_range", "no_data", "not_mapped", "not_synced", "disabled")
_AFTER = ("ok", "stale", "out_of_range", "no_data", "unreadable", "not_mapped", "not_synced", "disabled")
_TABLES = ("kpis", "kpi_history")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(
            table, sa.Column("unreadable_count", sa.BigInteger(), nullable=False, server_default="0")
        )
    _allow(_BEFORE, _AFTER)


def downgrade() -> None:
    """Turns a value that could not be read into one without data."""
    for table in _TABLES:
        op.execute(f"UPDATE {table} SET status = 'no_data' WHERE status = 'unreadable'")  # noqa: S608
    _allow(_AFTER, _BEFORE)
    for table in _TABLES:
        op.drop_column(table, "unreadable_count")


def _allow(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    rewrite("kpis", {f"CHECK ({_one_of(before)})": f"CHECK ({_one_of(after)})"})
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_kpis_status"), "kpis", type_="check")
        op.create_check_constraint(op.f("ck_kpis_status"), "kpis", _one_of(after))


def _one_of(allowed: tuple[str, ...]) -> str:
    return " OR ".join(f"status = {value!r}" for value in allowed)
