"""The first day with a trial account: connections are adopted, first syncs take hours, nothing alarms."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kpi_platform.adapters import fivetran_sync
from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.cli.doctor_checks import CHECKS, Diagnosis
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.alerts import open_alerts
from kpi_platform.dashboard.fivetran_account import fivetran_account
from kpi_platform.dashboard.source_states import SourceState, source_states
from kpi_platform.domain.sources import SOURCES, Source
from kpi_platform.pipeline.adoption import PlannedChange
from kpi_platform.pipeline.onboarding import WantedConnection, create_customer
from kpi_platform_tests.defs.installation import Installation, eventually, installed, tick
from kpi_platform_tests.editors import OPERATOR

pytestmark = pytest.mark.timeout(900)

FOUR_HOURS = 4 * 3600
LAPSE = 1800.0
"""Fivetran's four hours are eight seconds of ours."""


@pytest.fixture
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("first_day") / "home") as installation:
        trial = {"plan": "trial", "time_lapse": LAPSE, "historical_sync_seconds": FOUR_HOURS}
        installation.control("PATCH", "behaviour", trial)
        yield installation


def states(installation: Installation) -> dict[Source, SourceState]:
    with installation.engine.connect() as connection:
        return source_states(connection, "northwind")


def doctor(installation: Installation) -> list[Diagnosis]:
    [check] = [check for name, check in CHECKS if name == "customers"]
    return list(check(installation.configuration))


def test_a_trial_account_is_connected_and_its_first_syncs_are_waited_for_without_alarm(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fivetran_sync, "FIRST_SYNC_PATIENCE", 2.0)
    names = {source: f"northwind_{source}" for source in SOURCES}
    with open_fivetran(installation.configuration) as api:
        api.modify_connection(names["salesforce"], schedule_type="auto", sync_frequency=60, paused=True)
    asked: list[PlannedChange] = []

    def agree(changes: Sequence[PlannedChange]) -> bool:
        asked.extend(changes)
        return True

    create_customer(
        installation.configuration, installation.engine, "northwind", "Northwind",
        [WantedConnection(source, names[source]) for source in SOURCES],
        by=OPERATOR, redirect_uri="http://127.0.0.1:8080/settings", confirm=agree,
    )  # fmt: skip
    said = {change.setting: (change.now, change.then) for change in asked if change.source == "salesforce"}
    assert said == {"schedule": ("auto", "manual"), "minutes between syncs": ("60", "360")}
    [paused] = [finding for finding in doctor(installation) if finding.verdict != "ok"]
    assert "is paused in Fivetran" in paused.detail
    with open_fivetran(installation.configuration) as api:
        api.modify_connection(names["salesforce"], paused=False)
    assert [finding.verdict for finding in doctor(installation)] == ["ok"]

    tick(installation, "requests")
    installation.run("sync", "northwind")
    tick(installation, "fivetran_syncs")
    assert {source for source, state in states(installation).items() if state.first_sync_since} == set(names)
    with installation.engine.connect() as connection:
        assert open_alerts(connection, "northwind") == []

    def ended() -> bool:
        tick(installation, "fivetran_syncs")
        return all(state.last_succeeded_at for state in states(installation).values())

    eventually(ended, 120, "both first syncs end and are noticed")
    assert all(state.first_sync_since is None for state in states(installation).values())
    for source, table in (("salesforce", "account"), ("servicenow", "incident")):
        assert installation.materializations(source, table, partition="northwind")
    with installation.engine.connect() as connection:
        assert fivetran_account(connection).hourly_limit == 500
    assert len(installation.control("GET", "calls")) < 500


def test_a_first_sync_that_does_not_end_is_alerted_once_after_its_limit(installation: Installation) -> None:
    installation.control("PATCH", "behaviour", {"time_lapse": 1.0})
    installation.add("northwind", servicenow={"enabled": False})
    tick(installation, "requests")
    installation.control("POST", "connections/northwind_salesforce/trigger")
    since = tables.source_states.c.first_sync_since
    for hours, alerts in ((71, 0), (73, 1), (74, 1)):
        tick(installation, "fivetran_syncs")
        began = datetime.now(UTC) - timedelta(hours=hours)
        with installation.engine.begin() as connection:
            connection.execute(sa.update(tables.source_states).values({since: began}))
        tick(installation, "fivetran_syncs")
        with installation.engine.connect() as connection:
            told = open_alerts(connection, "northwind")
        assert len(told) == alerts, hours
    assert "for more than 72 hours (KPI_FIRST_SYNC_HOURS)" in told[0].text
