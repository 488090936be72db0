"""Adopting a connection: only the services that we know, what changes is said first, paused stays paused."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa

from kpi_platform.adapters.fivetran import FivetranApi, open_fivetran
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import list_customers
from kpi_platform.domain.errors import InvalidInput, NotConfirmed
from kpi_platform.local.server import running
from kpi_platform.pipeline.adoption import PlannedChange
from kpi_platform.pipeline.onboarding import Confirm, Onboarding, WantedConnection, create_customer
from kpi_platform_tests.adapters.scripted_server import Answer, scripted
from kpi_platform_tests.editors import OPERATOR

SAMPLE = {"accounts": 3, "history_days": 5}


@pytest.fixture(scope="module")
def fivetran_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("fivetran")
    with running(Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)}), sample=SAMPLE) as url:
        yield url


@pytest.fixture
def here(configuration: Configuration, fivetran_url: str) -> Configuration:
    return Configuration.from_environment({**configuration.environment, "FIVETRAN_API_URL": fivetran_url})


@pytest.fixture
def api(here: Configuration) -> Iterator[FivetranApi]:
    with open_fivetran(here) as api:
        yield api


def theirs(api: FivetranApi) -> str:
    """A connection of somebody else's making: on a schedule of its own, and paused."""
    config = {"schema": f"sf_{uuid4().hex[:8]}"}
    new = api.create_connection(
        service="salesforce", group_id="local", config=config, paused=True, schedule_type="auto",
        sync_frequency=60,
    )  # fmt: skip
    return new.connection.id


def adopt(
    configuration: Configuration, engine: sa.Engine, wanted: WantedConnection, confirm: Confirm | None
) -> Onboarding | None:
    return create_customer(
        configuration, engine, "acme", "Acme", [wanted],
        by=OPERATOR, redirect_uri="http://127.0.0.1:8080/settings", confirm=confirm,
    )  # fmt: skip


def test_what_adopting_changes_is_said_first_and_without_consent_nothing_is_changed(
    here: Configuration, sqlite_engine: sa.Engine, api: FivetranApi
) -> None:
    connection_id = theirs(api)
    asked: list[PlannedChange] = []

    def no(changes: Sequence[PlannedChange]) -> bool:
        asked.extend(changes)
        return False

    with pytest.raises(NotConfirmed) as raised:
        adopt(here, sqlite_engine, WantedConnection("salesforce", connection_id, resume=True), no)
    changes = {change.setting: (change.now, change.then) for change in asked}
    assert changes == {
        "paused": ("yes", "no"),
        "schedule": ("auto", "manual"),
        "minutes between syncs": ("60", "360"),
    }
    assert len(raised.value.details["changes"]) == 3
    found = api.connection(connection_id)
    assert (found.paused, found.schedule_type, found.sync_frequency) == (True, "auto", 60)
    with sqlite_engine.connect() as connection:
        assert list_customers(connection) == []


@pytest.mark.parametrize("resume", [False, True])
def test_a_paused_connection_stays_paused_unless_it_is_to_go_on(
    here: Configuration, sqlite_engine: sa.Engine, api: FivetranApi, resume: bool
) -> None:
    connection_id = theirs(api)
    wanted = WantedConnection("salesforce", connection_id, resume=resume)
    done = adopt(here, sqlite_engine, wanted, lambda _: True)
    assert done is not None
    found = api.connection(connection_id)
    assert (found.paused, found.schedule_type, found.sync_frequency) == (not resume, "manual", 360)
    told = {change.setting: change.message for change in done.settings.applied}
    assert told["paused"].startswith("not paused" if resume else "stays paused")


@pytest.mark.parametrize(
    ("service", "is_taken"),
    [
        ("salesforce_marketing_cloud", False),
        ("salesforce_commerce_cloud", False),
        ("servicenow", False),
        ("salesforce_sandbox", True),
    ],
)
def test_only_services_that_land_our_tables_are_adopted(
    configuration: Configuration, sqlite_engine: sa.Engine, service: str, is_taken: bool
) -> None:
    details = {"id": "c1", "service": service, "schema": "s", "schedule_type": "auto"}
    with scripted(Answer(body={"data": details | {"status": {"setup_state": "connected"}}})) as server:
        there = replace(configuration, fivetran_api_url=server.url)
        with pytest.raises(NotConfirmed if is_taken else InvalidInput):
            adopt(there, sqlite_engine, WantedConnection("salesforce", "c1"), lambda _: False)
