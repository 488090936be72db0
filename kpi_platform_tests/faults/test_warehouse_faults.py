"""The warehouse is locked, or the source's tables have changed."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest
import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationLocked
from kpi_platform.pipeline.build import build_kpis
from kpi_platform_tests.holding import holding
from kpi_platform_tests.pipeline.desk import T1, T2
from kpi_platform_tests.pipeline.landing import ACCOUNT, CASE, account, customer, land
from kpi_platform_tests.pipeline.models import run_models

HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_warehouse_that_another_program_holds_is_waited_for_and_then_named(
    configuration: Configuration,
) -> None:
    file = configuration.warehouse_file
    with duckdb_file.connect(file) as connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
    with holding(HOLDER, str(file)):
        with (
            pytest.raises(DestinationLocked, match=r"warehouse\.duckdb") as caught,
            duckdb_file.connect(file, wait_seconds=0.3),
        ):
            pass
        assert "try again" in caught.value.next_step
    with duckdb_file.connect(file, wait_seconds=5) as connection:
        assert connection.sql("SELECT count(*) FROM t").fetchall() == [(0,)]


def test_who_waits_for_its_turn_says_so_in_the_log(
    configuration: Configuration, caplog: pytest.LogCaptureFixture
) -> None:
    file, waited = configuration.warehouse_file, threading.Event()
    caplog.set_level("INFO", "kpi_platform")

    def take_a_turn() -> None:
        with duckdb_file.exclusive(file, wait_seconds=30):
            waited.set()

    with ThreadPoolExecutor(1) as other:
        with duckdb_file.exclusive(file):
            turn = other.submit(take_a_turn)
            while "Waiting for the warehouse file" not in caplog.text:
                assert not turn.done()
                time.sleep(0.01)
            assert not waited.is_set()
        turn.result(timeout=30)


def test_columns_that_are_gone_new_or_of_another_type_cost_their_own_kpis_alone(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    file = configuration.warehouse_file
    rows = [account(1), account(2)]
    cases = [{"id": "500000000001AAA", "account_id": rows[0]["id"], "created_date": T1,
              "is_deleted": False, "satisfaction_rating_c": 4.0}]  # fmt: skip
    land(file, "acme_sf", {"account": (ACCOUNT, rows), "case": (CASE, cases)})
    customer(configuration, sqlite_engine, "acme")
    run_models(configuration, sqlite_engine, ["acme"], T2)
    assert values(configuration, "nps") == {("ok", 40.0)}
    assert ("ok", 4.0) in values(configuration, "csat")

    gone = {name: kind for name, kind in ACCOUNT.items() if name != "nps_score_c"}
    retyped = CASE | {"satisfaction_rating_c": "varchar(20)", "is_deleted": "varchar(5)"}
    texts = [case | {"satisfaction_rating_c": "5.0", "is_deleted": "false"} for case in cases]
    with duckdb.connect(str(file)) as connection:
        connection.execute('DROP SCHEMA "acme_sf" CASCADE')
    land(file, "acme_sf", {"account": (gone | {"planet_c": "varchar(9)"}, rows), "case": (retyped, texts)})
    assert not build_kpis(configuration, sqlite_engine, ["acme"], T2).failed
    assert values(configuration, "nps") == {("not_mapped", None)}
    assert ("ok", 5.0) in values(configuration, "csat")


def values(configuration: Configuration, kpi: str) -> set[tuple[str, float | None]]:
    destination = DuckDbDestination(configuration.warehouse_file, "kpi")
    batches = destination.read_mart("kpi_values", "acme", ["status", "value"], where={"kpi": kpi})
    return {(row["status"], row["value"]) for batch in batches for row in batch.to_pylist()}
