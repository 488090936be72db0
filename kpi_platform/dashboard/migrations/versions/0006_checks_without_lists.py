"""The checks of the tables of many rows as comparisons.

SQLite makes the list of an IN anew for each row, which was a quarter of what a load writes. PostgreSQL keeps
the lists, which allow the same.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_CHANGES = ("baseline", "inserted", "updated", "retired", "restored", "removed", "history_only")
_STATES = ("ok", "stale", "out_of_range", "no_data", "not_mapped", "not_synced", "disabled")
_CHECKS = {
    "account_health_history": ("change", _CHANGES),
    "account_history": ("change", _CHANGES),
    "account_matches": ("decision", ("match", "review", "none")),
    "kpi_history": ("change", _CHANGES),
    "kpis": ("status", _STATES),
}


def upgrade() -> None:
    for table, (column, allowed) in _CHECKS.items():
        _replace(table, _listed(column, allowed), _compared(column, allowed))


def downgrade() -> None:
    for table, (column, allowed) in _CHECKS.items():
        _replace(table, _compared(column, allowed), _listed(column, allowed))


def _listed(column: str, allowed: tuple[str, ...]) -> str:
    return f"CHECK ({column} IN {allowed})"


def _compared(column: str, allowed: tuple[str, ...]) -> str:
    return f"CHECK ({' OR '.join(f'{column} = {value!r}' for value in allowed)})"


def _replace(table: str, old: str, new: str) -> None:
    """SQLite changes no constraint of a table: the rows move to another. No table refers to these five."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    # The table comes before its indexes, which go with it.
    query = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC"
    made, *indexes = connection.exec_driver_sql(query, (table,)).scalars()
    op.rename_table(table, "before")
    for statement in (
        made.replace(old, new),
        f"INSERT INTO {table} SELECT * FROM before",  # noqa: S608
        "DROP TABLE before",
        *indexes,
    ):
        connection.exec_driver_sql(statement)
