"""A whole installation in a folder: local Fivetran, dashboard database, Dagster instance, real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import sqlalchemy as sa
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.defs.location import definitions
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.resources import Platform
from kpi_platform.local.server import running
from kpi_platform.local.state import Outcome

WORKSPACE = Path(__file__).parents[2] / "workspace.yaml"
SMALL = {"accounts": 3, "history_days": 30}


@dataclass(frozen=True)
class Installation:
    """`configuration` names the running local Fivetran; `instance` is the installation's own."""

    configuration: Configuration
    engine: sa.Engine
    instance: dg.DagsterInstance

    @cached_property
    def definitions(self) -> dg.Definitions:
        """The code location, made once, as a code server does."""
        return definitions(self.configuration)

    def add(self, customer: str, **settings: Mapping[str, Any]) -> None:
        """Adds one of the sample customers, with its connections."""
        document: dict[str, Any] = {
            source: {"connection_id": f"{customer}_{source}", "schema": f"{customer}_{source}"}
            for source in ("salesforce", "servicenow")
        }
        # Runs of the past would come between those that a test waits for.
        document["update"] = {"history_weeks": 0}
        for section, values in settings.items():
            document[section] = {**document.get(section, {}), **values}
        with self.engine.begin() as connection:
            add_customer(connection, customer, customer.title())
            save_settings(connection, customer, document, who="test")

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the local Fivetran's control path."""
        url = f"{self.configuration.fivetran_api_url}/_local/{path}"
        response = httpx.request(method, url, json=body, timeout=60)
        response.raise_for_status()
        return response.json().get("data")

    def sync_by_fivetran(self, connection: str, *, outcome: Outcome = "success") -> None:
        """Has Fivetran sync a connection by itself, and waits until that has ended."""
        if outcome != "success":
            self.plan(connection, outcome)
        before = self.ended_syncs(connection)
        self.control("POST", f"connections/{connection}/trigger")
        eventually(lambda: self.ended_syncs(connection) > before, 120, f"{connection} ends its sync")

    def ended_syncs(self, connection: str) -> int:
        return len(self.control("GET", "state")["connections"][connection]["syncs"])

    def plan(self, connection: str, outcome: Outcome, **more: Any) -> None:
        """Says how the next sync of a connection is to end."""
        self.control("POST", f"connections/{connection}/outcomes", {"outcome": outcome, **more})

    def run(self, job: str, *customers: str, **tags: str) -> dg.DagsterRun:
        """Runs one of the platform's jobs for `customers` in this process, to its end."""
        definition = self.definitions.resolve_job_def(job)
        self.instance.add_dynamic_partitions(CUSTOMERS_NAME, list(customers))
        created = self.instance.create_run_for_job(
            definition,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags={**definition.run_tags, **batch_tags(self.instance, customers), **tags},
        )
        execute_run(InMemoryJob(definition), created, self.instance)
        finished = self.instance.get_run_by_id(created.run_id)
        assert finished is not None
        return finished

    def runs(self, job: str) -> list[dg.DagsterRun]:
        return list(self.instance.get_runs(dg.RunsFilter(job_name=job)))

    def materializations(self, *key: str, partition: str) -> list[dg.EventLogRecord]:
        wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(key), asset_partitions=[partition])
        return list(self.instance.fetch_materializations(wanted, limit=100).records)

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """The real daemon, in a process group of its own, ended with all it has started."""
        log = self.configuration.home / "daemon.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "dagster._daemon", "run", "-w", str(WORKSPACE)],
                env={
                    **os.environ,
                    **self.configuration.environment,
                    "DAGSTER_HOME": str(self.configuration.dagster_home),
                },
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(30)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def installed(home: Path, **environment: str) -> Iterator[Installation]:
    """An installation without customers in the empty folder `home`, its local Fivetran running."""
    given = {"KPI_PLATFORM_HOME": str(home), "KPI_SYNC_POLL_SECONDS": "0.5", **environment}
    with running(Configuration.from_environment(given), sample=SMALL, tick_seconds=0.2) as url:
        configuration = Configuration.from_environment({**given, "FIVETRAN_API_URL": url})
        engine = open_engine(configuration.dashboard_database_url)
        upgrade(engine)
        with dg.DagsterInstance.from_config(str(prepare_dagster_home(configuration))) as instance:
            yield Installation(configuration, engine, instance)
        engine.dispose()


def tick(installation: Installation, name: str, cursor: str | None = None) -> dg.SensorResult | Any:
    """One evaluation of a sensor, as the daemon does it; what it asks of the instance is done."""
    sensor = installation.definitions.resolve_sensor_def(name)
    with closing(Platform(installation.configuration)) as platform:
        context = dg.build_sensor_context(
            installation.instance, cursor=cursor, resources={"platform": platform}, sensor_name=name
        )
        result = sensor(context)
        if not isinstance(result, dg.SensorResult | dg.SkipReason):
            result = list(result)
    if isinstance(result, dg.SensorResult):
        for event in result.asset_events:
            installation.instance.report_runless_asset_event(event)
        for request in result.dynamic_partitions_requests or ():
            if isinstance(request, dg.AddDynamicPartitionsRequest):
                installation.instance.add_dynamic_partitions(CUSTOMERS_NAME, list(request.partition_keys))
            else:
                for key in request.partition_keys:
                    installation.instance.delete_dynamic_partition(CUSTOMERS_NAME, key)
    return result


def eventually(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true answer of `condition`; AssertionError, saying `what`, if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.3)
    return answer
