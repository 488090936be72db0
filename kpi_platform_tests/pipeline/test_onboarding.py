"""Customers get their connections from the local Fivetran: created, adopted, or refused and nothing left."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from kpi_platform.adapters.fivetran import FivetranApi, open_fivetran
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import list_customers
from kpi_platform.domain.errors import Conflict, FivetranRefused, InvalidInput, InvalidSettings
from kpi_platform.local.server import running
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.onboarding import (
    Onboarding,
    WantedConnection,
    connect_sources,
    create_customer,
)
from kpi_platform_tests.editors import OPERATOR

SAMPLE = {"accounts": 3, "history_days": 5}
BACK = "http://127.0.0.1:8080/settings"


@pytest.fixture(scope="module")
def fivetran_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("fivetran")
    with running(Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)}), sample=SAMPLE) as url:
        yield url


class Office:
    """Where customers are taken on."""

    def __init__(self, configuration: Configuration, engine: sa.Engine, url: str) -> None:
        self.configuration = Configuration.from_environment(
            {**configuration.environment, "FIVETRAN_API_URL": url}
        )
        self.engine = engine
        self.api: FivetranApi = open_fivetran(self.configuration)

    def create(self, key: str, *wanted: WantedConnection) -> Onboarding | None:
        return create_customer(
            self.configuration, self.engine, key, key.title(), wanted, by=OPERATOR, redirect_uri=BACK
        )

    def connect(self, key: str, *wanted: WantedConnection) -> Onboarding:
        return connect_sources(self.configuration, self.engine, key, wanted, by=OPERATOR, redirect_uri=BACK)

    def customers(self) -> list[str]:
        with self.engine.connect() as connection:
            return [customer.key for customer in list_customers(connection)]


@pytest.fixture
def office(configuration: Configuration, sqlite_engine: sa.Engine, fivetran_url: str) -> Iterator[Office]:
    office = Office(configuration, sqlite_engine, fivetran_url)
    before = {connection.id for connection in office.api.connections()}
    yield office
    for connection in office.api.connections():
        if connection.id not in before:
            office.api.delete_connection(connection.id)
    office.api.close()


def test_connections_are_created_as_the_settings_want_them(office: Office) -> None:
    url = "https://acme.my.salesforce.com"
    done = office.create(
        "acme",
        WantedConnection("salesforce", sync_frequency_minutes=60, instance_url=url),
        WantedConnection("servicenow", schema="acme_desk", instance_url="https://acme.service-now.com"),
    )
    assert done is not None
    crm, desk = done.sources
    assert (crm.schema, desk.schema, crm.created, crm.setup_state) == (
        "acme_salesforce", "acme_desk", True, "incomplete",
    )  # fmt: skip
    assert crm.connect_card_url is not None
    assert crm.connect_card_url.startswith(office.configuration.fivetran_api_url)
    found = office.api.connection(crm.connection_id)
    assert (found.paused, found.schedule_type, found.sync_frequency) == (False, "manual", 60)
    assert found.details["config"]["base_url"] == url
    assert office.api.connection(desk.connection_id).details["config"]["instance"] == "acme"
    with office.engine.connect() as connection:
        settings = effective_settings(office.configuration, connection, "acme")
    assert (settings.salesforce.connection_id, settings.servicenow.schema_) == (
        crm.connection_id,
        "acme_desk",
    )


def test_an_existing_connection_is_adopted_with_its_schema(office: Office) -> None:
    [group] = office.api.groups()
    there = office.api.create_connection(
        service="salesforce", group_id=group["id"], config={"schema": "old_crm"}
    ).connection
    office.create("acme")
    [adopted] = office.connect("acme", WantedConnection("salesforce", there.id)).sources
    assert (adopted.schema, adopted.created, adopted.connect_card_url is not None) == ("old_crm", False, True)
    [again] = office.connect("acme", WantedConnection("salesforce", there.id)).sources
    assert again.connection_id == there.id
    with pytest.raises(InvalidInput, match="syncs salesforce, not servicenow"):
        office.create("bolt", WantedConnection("servicenow", there.id))
    with pytest.raises(Conflict, match="belongs to customer 'acme'"):
        office.create("bolt", WantedConnection("salesforce", there.id))
    with pytest.raises(Conflict, match="connected already"):
        office.connect("acme", WantedConnection("salesforce"))
    assert office.customers() == ["acme"]


def test_whatever_is_refused_leaves_no_connection_and_no_customer(office: Office) -> None:
    before = len(office.api.connections())
    office.create("acme", WantedConnection("salesforce", schema="crm"))
    created = len(office.api.connections())
    assert created == before + 1
    with pytest.raises(Conflict, match="raw schema 'crm' belongs to customer 'acme'"):
        office.create("bolt", WantedConnection("servicenow"), WantedConnection("salesforce", schema="crm"))
    with pytest.raises(InvalidSettings):
        office.create("bolt", WantedConnection("salesforce", sync_frequency_minutes=7))
    with pytest.raises(FivetranRefused):
        office.create("bolt", WantedConnection("salesforce", "no_such_connection"))
    [group] = office.api.groups()
    taken = office.api.create_connection(
        service="servicenow", group_id=group["id"], config={"schema": "bolt_servicenow"}
    ).connection
    # The second is refused by Fivetran after the first was created.
    with pytest.raises(FivetranRefused):
        office.create("bolt", WantedConnection("salesforce"), WantedConnection("servicenow"))
    office.api.delete_connection(taken.id)
    assert len(office.api.connections()) == created
    assert office.customers() == ["acme"]
