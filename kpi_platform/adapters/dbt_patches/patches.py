"""Applies our patches of dbt.

Each file here changes one thing, says what it gains, and has a test that compares it with the original
(docs/decisions/0017-foreign-insides-behind-a-wall.md).
"""

from kpi_platform.adapters.checked_versions import are_checked
from kpi_platform.adapters.dbt_patches import debug_events, inject_ctes


def apply(*, is_duckdb: bool) -> None:
    """Holds for all invocations of dbt in this process. Does nothing for versions of dbt that were not
    checked."""
    if are_checked("dbt-core", "dbt-common", "dbt-adapters"):
        debug_events.apply()
        inject_ctes.apply()
    if is_duckdb and are_checked("dbt-duckdb"):
        from kpi_platform.adapters.dbt_patches import duckdb_cancel

        duckdb_cancel.apply()
