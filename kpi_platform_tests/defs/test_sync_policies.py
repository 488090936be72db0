"""`on_sync_failure` if Fivetran's API itself fails: the same for the schedule, `run`, and the page."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import dagster as dg
import httpx
import pytest

from kpi_platform.adapters import fivetran_http
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.alerts import open_alerts
from kpi_platform.dashboard.source_states import source_states
from kpi_platform.dashboard.sync_requests import create_sync_request
from kpi_platform.defs.run import run_job
from kpi_platform_tests.defs.installation import Installation, installed, tick

pytestmark = pytest.mark.timeout(900)

NOBODY = "http://127.0.0.1:1"
POLICIES = ("retry", "skip", "alert")
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "401": {"status": 401},
    "time-out": {"delay_seconds": 0.1},
    "unreachable": {},
}
MAY_HELP = {"500", "time-out", "unreachable"}
"""Another attempt does not make a wrong key right."""

_numbers = count(1)
Way = Callable[[Installation, list[str]], list[dg.DagsterRun]]


def by_schedule(installation: Installation, customers: list[str]) -> list[dg.DagsterRun]:
    return [installation.run("sync", *customers)]


def by_command(installation: Installation, customers: list[str]) -> list[dg.DagsterRun]:
    outcome = run_job(
        installation.configuration, installation.engine, customers,
        as_of=datetime.now(UTC), skip_sync=False, on_progress=lambda _: None,
    )  # fmt: skip
    return [run for run in map(installation.instance.get_run_by_id, outcome.run_ids) if run is not None]


def by_page(installation: Installation, customers: list[str]) -> list[dg.DagsterRun]:
    with installation.engine.begin() as connection:
        asked = {
            create_sync_request(connection, customer, "salesforce", requested_by="test").id: customer
            for customer in customers
        }
    requests = [one for one in tick(installation, "requests").run_requests if one.run_key in asked]
    assert len(requests) == len(customers)
    return [
        installation.run("sync_and_refresh", asked[one.run_key], **{"kpi/request": one.run_key})
        for one in requests
    ]


QUICK = {*((by_schedule, fault) for fault in FAULTS), (by_command, "401"), (by_page, "unreachable")}
"""The others meet the same step of longer runs."""
CASES = [
    pytest.param(way, fault, marks=() if (way, fault) in QUICK else pytest.mark.slow)
    for way in (by_schedule, by_command, by_page)
    for fault in FAULTS
]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("policies") / "home") as installation:
        yield installation


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(("way", "fault"), CASES)
def test_a_policy_says_what_becomes_of_a_customer_whichever_way_a_sync_was_started(
    installation: Installation, way: Way, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = next(_numbers)
    customers = {policy: f"{policy}{number}" for policy in POLICIES}
    for policy, customer in customers.items():
        installation.add(
            customer, servicenow={"enabled": False},
            error_handling={"on_sync_failure": policy, "max_retries": 1, "retry_delay_seconds": 0},
        )  # fmt: skip
    tick(installation, "requests")
    failing = installation
    if fault == "time-out":
        monkeypatch.setattr(fivetran_http, "_timeout", lambda _: httpx.Timeout(0.05))
    if fault == "unreachable":
        environment = {**installation.configuration.environment, "FIVETRAN_API_URL": NOBODY}
        failing = replace(installation, configuration=Configuration.from_environment(environment))
    else:
        installation.control("POST", "faults", {"match": "/v1", "times": 0, **FAULTS[fault]})
    try:
        runs = way(failing, list(customers.values()))
    finally:
        installation.control("DELETE", "faults")

    retried, lost = 0, set()
    for run in runs:
        for event in events(installation, run, dg.DagsterEventType.STEP_UP_FOR_RETRY):
            retried += event.step_key == "salesforce_sync"
        for event in events(installation, run, dg.DagsterEventType.STEP_FAILURE):
            about = event.step_failure_data.user_failure_data
            if event.step_key == "salesforce_sync" and about is not None:
                lost |= about.metadata.keys() & set(customers.values())
    assert lost == {customers["retry"], customers["alert"]}
    assert retried == (fault in MAY_HELP)
    with installation.engine.connect() as connection:
        for policy, customer in customers.items():
            told = [alert.kind for alert in open_alerts(connection, customer) if alert.kind == "sync_failed"]
            assert told == ([] if policy == "skip" else ["sync_failed"]), policy
            assert source_states(connection, customer)["salesforce"].last_sync_failed, policy


def events(
    installation: Installation, run: dg.DagsterRun, kind: dg.DagsterEventType
) -> Iterator[dg.DagsterEvent]:
    for record in installation.instance.get_records_for_run(run.run_id, of_type=kind).records:
        yield record.event_log_entry.get_dagster_event()
