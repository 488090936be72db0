"""The whole job in one process: what is loaded, who fails alone, and what a killed run leaves behind."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.storage.event_log.base import PartitionKeyFilter
from dagster._core.storage.partition_status_cache import AssetPartitionStatus

from kpi_platform import tracing
from kpi_platform.adapters.dbt import DbtProject, project_directory
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.alerts import open_alerts
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.dashboard.source_states import source_states
from kpi_platform.dashboard.tokens import create_token
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.defs.partitions import CUSTOMERS
from kpi_platform.defs.run import run_job
from kpi_platform.domain.alerts import Alert
from kpi_platform.domain.errors import InvalidInput, UnknownCustomer
from kpi_platform.domain.runs import RunOutcome
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline import build
from kpi_platform.pipeline.alerts import tell
from kpi_platform_tests.defs.installation import Installation, eventually, installed
from kpi_platform_tests.operation.collector import Collector, collecting
from kpi_platform_tests.pipeline.landing import ACCOUNT, account, land

pytestmark = pytest.mark.timeout(900)

KILLED = """
import sys
from datetime import UTC, datetime
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine
from kpi_platform.dashboard.tokens import create_token
from kpi_platform.defs.run import run_job

configuration = Configuration.from_environment()
engine = open_engine(configuration.dashboard_database_url)
run_job(configuration, engine, ["umbra"], as_of=datetime.now(UTC), skip_sync=False, on_progress=print)
"""


MARKER = "m4rk3r-of-a-s3cr3t"
SECRETS = {
    "FIVETRAN_API_KEY": f"key-{MARKER}", "FIVETRAN_API_SECRET": f"secret-{MARKER}",
    "FIVETRAN_WEBHOOK_SECRET": MARKER, "WAREHOUSE_PASSWORD": MARKER, "KPI_SESSION_KEY": MARKER * 2,
    "KPI_ALERT_KEY": MARKER * 2, "KPI_SECRET_UMBRA_ALERTS": f"http://127.0.0.1:9/{MARKER}",
}  # fmt: skip
"""What every run of this file has in its environment."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """What the runs of this file tell of their steps."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Installation]:
    environment = {**SECRETS, tracing.ENDPOINT: collector.url}
    with installed(tmp_path_factory.mktemp("run") / "home", **environment) as installation:
        alerts = {"webhook_url_secret": "KPI_SECRET_UMBRA_ALERTS"}
        installation.add("umbra", servicenow={"enabled": False}, alerts=alerts)
        yield installation


def run(installation: Installation, *customers: str, skip_sync: bool = False) -> tuple[RunOutcome, list[str]]:
    lines: list[str] = []
    outcome = run_job(
        installation.configuration,
        installation.engine,
        customers,
        as_of=datetime.now(UTC),
        skip_sync=skip_sync,
        on_progress=lines.append,
    )
    return outcome, lines


def test_a_killed_run_is_found_dead_by_the_next_which_goes_all_the_way(
    installation: Installation, collector: Collector
) -> None:
    installation.plan("umbra_salesforce", "success", duration_seconds=20)
    killed = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", KILLED],
        env={**os.environ, **installation.configuration.environment},
        stdout=subprocess.DEVNULL,
    )
    started = [dg.DagsterRunStatus.STARTED]
    eventually(lambda: installation.instance.get_runs(dg.RunsFilter(statuses=started)), 180, "a run starts")
    killed.send_signal(signal.SIGKILL)
    killed.wait()

    outcome, lines = run(installation, "umbra")
    assert outcome.loaded == {"umbra": 1}
    assert outcome.failed == {}
    assert "Syncing Salesforce" in lines
    assert "Loading the dashboard: umbra" in lines
    statuses = {run.status for run in installation.runs("sync_and_refresh")}
    assert statuses == {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS}
    assert installation.materializations("dashboard_load", partition="umbra")
    for step in ("kpi_marts", "account_matches", "dashboard_load"):
        [span] = collector.named(step)
        assert span.attributes == {"kpi.run_id": outcome.run_ids[0], "kpi.customers": ["umbra"]}


HOUSE_RULE = """
-- A data test of its own: whether a row is wrong is for it alone to say.
select rows_of_batch.*
from ({{ of_batch(ref('kpi_values')) }}) as rows_of_batch
where kpi = 'nps' and value = -99
"""


def test_customers_without_a_schema_or_with_a_row_that_a_data_test_refuses_fail_alone_and_by_name(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shutil.copytree(project_directory(), tmp_path / "dbt")
    (project / "tests" / "house_rule.sql").write_text(HOUSE_RULE)
    monkeypatch.setattr(build, "DbtProject", partial(DbtProject, directory=project))
    land(
        installation.configuration.warehouse_file,
        "wonka_salesforce",
        {"account": (ACCOUNT, [account(1), account(2, nps_score_c=-99.0), account(3, nps_score_c=250.0)])},
    )
    installation.add("wonka", servicenow={"enabled": False})

    installation.add("initech")

    outcome, _ = run(installation, "umbra", "initech", "wonka", skip_sync=True)

    assert list(outcome.loaded) == ["umbra"]
    assert list(outcome.failed) == ["initech", "wonka"]
    assert "initech_salesforce" in outcome.failed["initech"]
    words = "Customer wonka: 1 row of kpi_values breaks a rule, for example "
    words += f"account_id {account(2)['id']}, kpi nps, value -99"
    assert outcome.failed["wonka"].startswith(words)
    assert any(text.startswith(words) for text in outcome.findings["wonka"])
    mart = dg.AssetKey("kpi_values")
    statuses = installation.instance.get_status_by_partition(mart, ["umbra", "wonka"], CUSTOMERS)
    assert statuses == {"umbra": AssetPartitionStatus.MATERIALIZED, "wonka": AssetPartitionStatus.FAILED}
    assert not installation.materializations("dashboard_load", partition="wonka")
    history = installation.instance.event_log_storage.get_asset_check_execution_history
    key = dg.AssetCheckKey(mart, "values_out_of_range")
    [of_wonka] = history(key, limit=9, partition_filter=PartitionKeyFilter(key="wonka"))
    assert (of_wonka.status.value, history(key, limit=9)[0].status.value) == ("FAILED", "FAILED")
    assert of_wonka.evaluation and of_wonka.evaluation.description in outcome.findings["wonka"]
    assert f"NPS of 1 account is 250, outside -100 to 100: {account(3)['name']}." in str(
        of_wonka.evaluation.description
    )
    with installation.engine.connect() as database:
        assert list_uploads(database, "umbra")
        assert not list_uploads(database, "wonka")
        told = {one.subject: one.text for one in open_alerts(database, "wonka") if one.kind == "checks_fail"}
    assert told["house_rule"].startswith(words)
    assert told["values_out_of_range"] == of_wonka.evaluation.description


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("status", [401, 503])
def test_where_settings_skip_a_fivetran_that_fails_the_values_are_computed_and_stale(
    installation: Installation, status: int
) -> None:
    document = {
        "salesforce": {"connection_id": "umbra_salesforce", "schema": "umbra_salesforce"},
        "servicenow": {"enabled": False},
        "error_handling": {"on_sync_failure": "skip"},
    }
    with installation.engine.begin() as connection:
        save_settings(connection, "umbra", document, who="test")
    installation.control("POST", "faults", {"match": "/v1", "status": status, "times": 0})
    try:
        outcome, _ = run(installation, "umbra")
    finally:
        installation.control("DELETE", "faults")
    assert list(outcome.loaded) == ["umbra"], outcome.failed
    with installation.engine.connect() as connection:
        statuses = set(
            connection.scalars(sa.select(tables.kpis.c.status).where(tables.kpis.c.value.is_not(None)))
        )
        assert source_states(connection, "umbra")["salesforce"].last_sync_failed
    assert statuses == {"stale"}


def test_a_customer_is_not_told_whose_its_schema_is_but_the_log_says_it(installation: Installation) -> None:
    installation.add("hooli", servicenow={"enabled": False})
    claims, customers = tables.settings_claims, tables.customers
    umbra = sa.select(customers.c.id).where(customers.c.key == "umbra").scalar_subquery()
    with installation.engine.begin() as connection:
        taken = sa.update(claims).where(claims.c.name == "hooli_salesforce", claims.c.kind == "schema")
        connection.execute(taken.values(customer_id=umbra))
    outcome, _ = run(installation, "hooli", skip_sync=True)
    assert "belongs to another customer" in outcome.failed["hooli"]
    assert "umbra" not in outcome.failed["hooli"]
    [newest] = installation.instance.get_runs(limit=1)
    said = [entry.user_message for entry in installation.instance.all_logs(newest.run_id)]
    assert any("belongs to customer 'umbra'" in text for text in said)


def test_an_unknown_customer_is_refused_before_anything_runs(installation: Installation) -> None:
    before = len(installation.runs("sync_and_refresh"))
    with pytest.raises(UnknownCustomer, match="nobody"):
        run(installation, "umbra", "nobody")
    assert len(installation.runs("sync_and_refresh")) == before


def test_an_as_of_without_a_time_zone_is_refused(installation: Installation) -> None:
    with pytest.raises(InvalidInput, match="no time zone"):
        run_job(
            installation.configuration,
            installation.engine,
            ["umbra"],
            as_of=datetime(2026, 3, 1),
            skip_sync=True,
            on_progress=print,
        )


def test_no_secret_stands_in_anything_that_the_runs_have_left(
    installation: Installation, collector: Collector
) -> None:
    """Run configuration, tags, event log and metadata, both databases, the marts, dbt's files, the logs."""
    with installation.engine.begin() as connection:
        token, _ = create_token(connection, name="test", customer="umbra", scope="read", who="test")
    over = parse_settings({"alerts": {"webhook_url_secret": "KPI_SECRET_UMBRA_ALERTS"}})
    alert = Alert("sync_failed", "umbra", "salesforce", "It failed.", datetime.now(UTC), "Look.")
    assert not tell(installation.configuration, installation.engine, over, alert)
    home = installation.configuration.home
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {"warehouse.duckdb", "dashboard.db"} <= {path.name for path in files}
    assert any("dagster" in path.parts and path.suffix == ".db" for path in files)
    secrets = (MARKER.encode(), token.encode())
    told = [path for path in files if any(secret in path.read_bytes() for secret in secrets)]
    assert told == []
    assert MARKER not in str(collector.spans)
