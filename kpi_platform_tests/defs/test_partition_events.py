"""Events that are stored together are what Dagster stores of each by itself, on both of its databases."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.events import DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.api import execute_run
from dagster._core.storage.event_log import (
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
)
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
)
from dagster._serdes import deserialize_value

from kpi_platform.configuration import Configuration
from kpi_platform.defs import partition_events
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform_tests.defs.stand_in import CHECK, FAILING, LOAD, MARTS, MATCHES, stand_in
from kpi_platform_tests.postgres import PostgresServer

KEPT = (
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_CHECK_EVALUATION,
)
CUSTOMERS = ["c0", "c1", "c2", 'c"3']
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def instances(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[dg.DagsterInstance]]:
    """Two empty instances of a kind."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(dg.DagsterInstance.from_config(str(home)))
            for home in (_home(request, tmp_path_factory.mktemp("home"), stack) for _ in range(2))
        ]


def _home(request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> Path:
    environment = {"KPI_PLATFORM_HOME": str(folder)}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = stack.enter_context(server.database()).replace("+psycopg", "+psycopg2")
        environment["DAGSTER_DATABASE_URL"] = url
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("DAGSTER_DATABASE_URL", url)
    return prepare_dagster_home(Configuration.from_environment(environment))


@pytest.fixture(scope="module")
def run_id(instances: list[dg.DagsterInstance]) -> str:
    """A run whose events the first instance stored together, and the second one by one."""
    ours, theirs = instances
    ours.add_dynamic_partitions(CUSTOMERS_NAME, CUSTOMERS)
    job = stand_in(breaks_match="c1").resolve_job_def("refresh")
    tags = {**job.run_tags, **batch_tags(ours, CUSTOMERS)}
    run = ours.create_run_for_job(job, run_config=QUIET, tags=tags)
    with pytest.MonkeyPatch.context() as patch:
        # More than one transaction, of which the last is not full.
        patch.setattr(partition_events, "STORED_TOGETHER", 5)
        execute_run(InMemoryJob(job), run, ours)
    for record in ours.get_records_for_run(run.run_id, of_type=set(KEPT)).records:
        theirs.store_event(record.event_log_entry)
    return run.run_id


def test_the_rows_are_the_same_in_the_log_of_the_run_and_in_that_of_the_assets(
    instances: list[dg.DagsterInstance], run_id: str
) -> None:
    ours, theirs = map(_storage, instances)
    for shard in ("run", "index"):
        assert _events(ours, run_id, shard) == _events(theirs, run_id, shard)
    # 4 assets are planned for 4 customers; 2 are checked, one for 2 customers as well; c1 is matched no more.
    assert len(_events(ours, run_id, "index")) == 16 + 8 + 4 + 3 + 3


def test_the_tags_by_which_dagster_finds_events_are_the_same(
    instances: list[dg.DagsterInstance], run_id: str
) -> None:
    found = [_tags(storage) for storage in map(_storage, instances)]
    assert found[0] == found[1]
    assert [(key, value) for _, _, key, value, _ in found[0]] == [("dagster/data_version", "one")] * 8


def test_each_asset_shows_its_newest_event(instances: list[dg.DagsterInstance], run_id: str) -> None:
    ours, theirs = map(_storage, instances)
    assert _assets(ours) == _assets(theirs)
    assert set(_assets(ours)) == {key.to_string() for key in (*MARTS, MATCHES, LOAD)}


def test_each_check_shows_its_newest_result(instances: list[dg.DagsterInstance], run_id: str) -> None:
    ours, theirs = map(_storage, instances)
    assert _checks(ours) == _checks(theirs)
    newest = ours.get_latest_asset_check_execution_by_key([dg.AssetCheckKey(key, CHECK) for key in MARTS])
    assert [newest[dg.AssetCheckKey(key, CHECK)].status.value for key in MARTS] == ["SUCCEEDED", "FAILED"]


def test_a_check_shows_each_customer_that_fails_with_its_own_words(
    instances: list[dg.DagsterInstance], run_id: str
) -> None:
    key = dg.AssetCheckKey(MARTS[1], CHECK)
    shown = [one.event_log_storage.get_asset_check_execution_history(key, limit=9) for one in instances]
    for records in shown:
        found = {}
        for record in records:
            evaluation = record.evaluation
            assert evaluation is not None
            found[record.partition] = record.status.value, evaluation.description
        assert found == {None: ("FAILED", None), **{c: ("FAILED", f"wrong in {c}") for c in FAILING}}


def test_an_asset_names_the_row_of_its_newest_materialisation(
    instances: list[dg.DagsterInstance], run_id: str
) -> None:
    [record] = instances[0].get_asset_records([LOAD])
    newest = record.asset_entry.last_materialization_record
    [stored] = instances[0].fetch_materializations(LOAD, limit=1).records
    assert newest == stored
    assert stored.partition_key == 'c"3'


def test_with_a_version_that_was_not_checked_dagster_stores_each_event_itself(
    instances: list[dg.DagsterInstance], run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kpi_platform.defs.dagster_insides.are_checked", lambda *_: False)
    monkeypatch.setattr(partition_events, "_store_together", None)
    home = prepare_dagster_home(Configuration.from_environment({"KPI_PLATFORM_HOME": str(tmp_path)}))
    with dg.DagsterInstance.from_config(str(home)) as theirs:
        theirs.add_dynamic_partitions(CUSTOMERS_NAME, CUSTOMERS)
        job = stand_in(breaks_match="c1").resolve_job_def("refresh")
        tags = {**job.run_tags, **batch_tags(theirs, CUSTOMERS)}
        run = theirs.create_run_for_job(job, run_config=QUIET, tags=tags)
        execute_run(InMemoryJob(job), run, theirs)
        assert _kinds(theirs, run.run_id) == _kinds(instances[0], run_id)


def _kinds(instance: dg.DagsterInstance, run_id: str) -> list[tuple[Any, ...]]:
    events = [
        one.event_log_entry.dagster_event
        for one in instance.get_records_for_run(run_id, of_type=set(KEPT)).records
    ]
    return sorted(
        (one.event_type_value, one.asset_key.to_string(), str(one.partition))
        for one in events
        if one and one.asset_key
    )


def _storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    return storage


def _rows(storage: SqlEventLogStorage, query: sa.Select[Any], run_id: str | None = None) -> list[Any]:
    with storage.run_connection(run_id) if run_id else storage.index_connection() as connection:
        return [tuple(row) for row in connection.execute(query)]


def _events(storage: SqlEventLogStorage, run_id: str, shard: str) -> list[Any]:
    """All columns but the id; those of other events lie between."""
    table = SqlEventLogStorageTable
    columns = [column for column in table.c if column.name != "id"]
    query = sa.select(*columns).where(table.c.dagster_event_type.in_([one.value for one in KEPT]))
    of_run = run_id if shard == "run" and isinstance(storage, SqliteEventLogStorage) else None
    return _rows(storage, query.order_by(table.c.id), of_run)


def _tags(storage: SqlEventLogStorage) -> list[Any]:
    """With the event instead of its id."""
    tags, events = AssetEventTagsTable, SqlEventLogStorageTable
    query = sa.select(events.c.event, tags.c.asset_key, tags.c.key, tags.c.value, tags.c.event_timestamp)
    return _rows(storage, query.join(events, events.c.id == tags.c.event_id).order_by(tags.c.id))


def _checks(storage: SqlEventLogStorage) -> list[Any]:
    """With the event instead of its id."""
    checks, events = AssetCheckExecutionsTable, SqlEventLogStorageTable
    columns = [column for column in checks.c if not column.name.endswith(("id", "timestamp"))]
    query = sa.select(events.c.event, checks.c.run_id, *columns)
    found = _rows(storage, query.join(events, events.c.id == checks.c.evaluation_event_storage_id))
    # A check as a whole was planned in one of the two instances, and has a lower id there.
    return sorted(found, key=str)


def _assets(storage: SqlEventLogStorage) -> dict[str, Any]:
    """What is kept of each asset; of its newest materialisation the entry."""
    table = AssetKeyTable
    query = sa.select(
        table.c.asset_key,
        table.c.last_run_id,
        table.c.last_materialization_timestamp,
        table.c.last_materialization,
    )
    return {
        key: (last_run, moment, text and _entry(text))
        for key, last_run, moment, text in _rows(storage, query)
    }


def _entry(text: str) -> EventLogEntry:
    entry: EventLogEntry = deserialize_value(text).event_log_entry  # type: ignore[attr-defined]
    return entry
