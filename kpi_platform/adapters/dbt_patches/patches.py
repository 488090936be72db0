"""Applies our patches of dbt.

Each file here changes one thing, says what it gains, and has a test that compares it with the original
(docs/decisions/0017-foreign-insides-behind-a-wall.md).
"""

from kpi_platform.adapters.checked_versions import are_checked
from kpi_platform.adapters.dbt_patches import compiled_templates, debug_events, inject_ctes, validation


def apply(*, is_parsed: bool, is_duckdb: bool) -> None:
    """Holds for all invocations of dbt in this process, until the next call. Does nothing for versions of dbt
    that were not checked. `is_parsed`: the project of the next invocation was parsed before."""
    if are_checked("dbt-core", "dbt-common", "dbt-adapters"):
        compiled_templates.apply()
        debug_events.apply()
        inject_ctes.apply()
        validation.apply(is_parsed=is_parsed)
    if is_duckdb and are_checked("dbt-duckdb"):
        from kpi_platform.adapters.dbt_patches import duckdb_cancel

        duckdb_cancel.apply()
