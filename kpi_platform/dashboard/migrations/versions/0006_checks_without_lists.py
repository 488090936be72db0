"""The checks of the tables of many rows as comparisons.

SQLite makes the list of an IN anew for each row, which was a quarter of what a load writes. PostgreSQL keeps
the lists, which allow the same.
"""

from kpi_platform.dashboard.migrations.sqlite_table import rewrite

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
        rewrite(table, {_listed(column, allowed): _compared(column, allowed)})


def downgrade() -> None:
    for table, (column, allowed) in _CHECKS.items():
        rewrite(table, {_compared(column, allowed): _listed(column, allowed)})


def _listed(column: str, allowed: tuple[str, ...]) -> str:
    return f"CHECK ({column} IN {allowed})"


def _compared(column: str, allowed: tuple[str, ...]) -> str:
    return f"CHECK ({' OR '.join(f'{column} = {value!r}' for value in allowed)})"
