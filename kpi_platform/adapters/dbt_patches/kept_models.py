"""Computes ephemeral models that many statements read once an invocation instead of once a statement.

For a large batch they become tables in the memory of the target (materialization `kept`), if it has some:
computing their rows once is cheaper than planning their unions over all customers again in each statement.
"""

from typing import TYPE_CHECKING, Any

from kpi_platform.adapters.checked_versions import are_checked

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

TAG = "kept"
"""Tag of the models that this is for."""

KEPT_FROM = 20
"""Batch size, in customers, from which keeping a model is cheaper than inlining it."""


def keep(manifest: "Manifest", memory: str | None) -> None:
    """Makes the tagged models of the manifest tables in the database `memory`. Leaves them ephemeral without
    such a database, and with versions of dbt that were not checked."""
    if not memory or not are_checked("dbt-core", "dbt-duckdb"):
        return
    for node in manifest.nodes.values():
        if TAG in node.tags:
            node.config.materialized, node.database = "kept", memory


def is_kept(result: Any) -> bool:
    """Whether a result is that of a kept model, which nobody asked for."""
    return TAG in result.node.tags and str(result.status) == "success"
