"""Several reads of the embedded warehouse that open its file once."""

from pathlib import Path

import duckdb
import pytest

from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.domain.errors import DestinationUnavailable


def test_duckdb_opens_the_file_once_for_reads_together(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema kpi; create table kpi.mart as select 'acme' as customer_id")
    destination = DuckDbDestination(file, "kpi")
    with destination.reading_together():
        file.rename(tmp_path / "moved.duckdb")
        file.touch()
        assert [batch.num_rows for batch in destination.read_mart("mart", "acme")] == [1]
    with pytest.raises(DestinationUnavailable, match="damaged"):
        list(destination.read_mart("mart", "acme"))


def test_a_missing_or_torn_file_is_named_before_reads_together(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    destination = DuckDbDestination(file, "kpi")
    with pytest.raises(DestinationUnavailable, match="does not exist"), destination.reading_together():
        pass
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(DestinationUnavailable, match="damaged"), destination.reading_together():
        pass
