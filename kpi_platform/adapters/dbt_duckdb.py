"""What dbt-duckdb gets wrong, mended."""

import duckdb
from dbt.adapters.contracts.connection import Connection
from dbt.adapters.duckdb.environments.local import LocalEnvironment

_cancel = LocalEnvironment.cancel


def mend() -> None:
    """Where dbt stops at the first failure it interrupts all statements that run. Of two that end at that
    moment, the connection of one may be closed already, and the whole invocation failed for it."""
    LocalEnvironment.cancel = classmethod(_cancel_unless_closed)  # type: ignore[assignment, method-assign]


def _cancel_unless_closed(_cls: type[LocalEnvironment], connection: Connection) -> None:
    try:
        _cancel(connection)
    except duckdb.ConnectionException as error:
        if "closed" not in str(error):
            raise
