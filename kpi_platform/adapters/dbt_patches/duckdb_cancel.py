"""Lets a failed invocation end with its own error when dbt-duckdb cancels a closed connection.

When dbt stops at the first failure it interrupts all running statements. The connection of a statement that
ends at that moment may be closed already; dbt-duckdb raises for it, and the invocation loses all its results.
"""

import duckdb
from dbt.adapters.contracts.connection import Connection
from dbt.adapters.duckdb.environments.local import LocalEnvironment

original = LocalEnvironment.cancel


def apply() -> None:
    LocalEnvironment.cancel = classmethod(_cancel_unless_closed)  # type: ignore[assignment, method-assign]


def _cancel_unless_closed(_cls: type[LocalEnvironment], connection: Connection) -> None:
    try:
        original(connection)
    except duckdb.ConnectionException as error:
        if "closed" not in str(error):
            raise
