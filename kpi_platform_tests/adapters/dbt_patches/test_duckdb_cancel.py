"""Connections of dbt-duckdb that are closed while dbt stops at a failure."""

from pathlib import Path

import duckdb
import pytest
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments.local import LocalEnvironment

from kpi_platform.adapters.dbt_patches import duckdb_cancel


def test_a_statement_whose_connection_is_closed_meanwhile_needs_no_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = DuckDBCredentials(path=str(tmp_path / "file.duckdb"), database="file", schema="kpi")
    environment = LocalEnvironment(credentials)
    handle = environment.handle()
    connection = Connection("duckdb", "node", credentials, ConnectionState.OPEN, handle=handle)
    environment.cancel(connection)
    handle.close()
    monkeypatch.setattr(LocalEnvironment, "cancel", duckdb_cancel.original)
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        environment.cancel(connection)
    duckdb_cancel.apply()
    environment.cancel(connection)
