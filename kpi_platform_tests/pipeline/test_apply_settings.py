"""Settings reach Fivetran, and are stored only together with what Fivetran accepted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from kpi_platform.adapters.fivetran import FivetranApi, open_fivetran
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer, list_customers
from kpi_platform.dashboard.settings_versions import current_settings, settings_history
from kpi_platform.domain.errors import Conflict, FivetranRefused, FivetranUnavailable, InvalidSettings
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.local.behaviour import Behaviour
from kpi_platform.local.server import running
from kpi_platform.pipeline.apply_settings import apply_settings, hand_schedule_over, settings_applied
from kpi_platform.pipeline.change_settings import change_settings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform_tests.editors import OPERATOR

SAMPLE = {"accounts": 3, "history_days": 5}
AUTO = {"scheduler": "fivetran"}


@dataclass
class Installation:
    """A customer with two connections of a local Fivetran that has never synced them."""

    configuration: Configuration
    engine: sa.Engine
    api: FivetranApi
    salesforce: str
    servicenow: str

    def document(self, **sections: dict[str, Any]) -> dict[str, Any]:
        own = {
            "salesforce": {"connection_id": self.salesforce, "schema": "acme_sf"},
            "servicenow": {"connection_id": self.servicenow, "schema": "acme_sn"},
        }
        return {name: {**own.get(name, {}), **sections.get(name, {})} for name in {**own, **sections}}

    def change(self, document: dict[str, Any], **options: Any) -> Any:
        return change_settings(self.configuration, self.engine, "acme", document, by=OPERATOR, **options)

    def settings(self) -> CustomerSettings:
        with self.engine.connect() as connection:
            return effective_settings(self.configuration, connection, "acme")

    def stored_version(self) -> int:
        with self.engine.connect() as connection:
            stored = current_settings(connection, "acme")
        return stored.version if stored else 0


@pytest.fixture(scope="module")
def fivetran_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One local Fivetran for all tests of this file; each makes connections of its own."""
    home = tmp_path_factory.mktemp("fivetran")
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
    with running(configuration, behaviour=Behaviour(setup_test_seconds=0), sample=SAMPLE) as url:
        yield url


@pytest.fixture
def acme(configuration: Configuration, sqlite_engine: sa.Engine, fivetran_url: str) -> Iterator[Installation]:
    here = Configuration.from_environment({**configuration.environment, "FIVETRAN_API_URL": fivetran_url})
    with sqlite_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
    with open_fivetran(here) as api:
        ids = [_connection(api, service) for service in ("salesforce", "servicenow")]
        yield Installation(here, sqlite_engine, api, *ids)


def _connection(api: FivetranApi, service: str) -> str:
    config = {"schema": f"{service}_{uuid4().hex[:8]}", "sample": SAMPLE}
    body = {
        "service": service,
        "group_id": "local",
        "config": config,
        "run_setup_tests": True,
        "paused": True,
    }
    return str(api.request("POST", "connections", json=body)["id"])


def test_the_first_settings_tell_fivetran_everything(acme: Installation) -> None:
    document = acme.document(salesforce={"sync_objects": {"cases": False}})
    change = acme.change(document, resume=(acme.salesforce, acme.servicenow))
    connection = acme.api.connection(acme.salesforce)
    assert (connection.paused, connection.schedule_type, connection.sync_frequency) == (False, "manual", 360)
    assert acme.api.connection(acme.servicenow).sync_frequency == 180
    (schema,) = acme.api.schemas(acme.salesforce).values()
    enabled = {table["name_in_destination"]: table["enabled"] for table in schema["tables"].values()}
    assert (enabled["case"], enabled["account"]) == (False, True)
    told = {(each.source, each.setting): each.value for each in change.applied}
    assert told["salesforce", "sync_frequency"] == 360
    assert told["salesforce", "tables.case"] is False
    assert not any(each.pending for each in change.applied)


@pytest.mark.parametrize(
    ("before", "sections", "expected"),
    [
        ({}, {"fivetran": AUTO}, {"schedule_type": "auto"}),
        ({"fivetran": AUTO}, {"fivetran": AUTO | {"enabled": False}}, {"schedule_type": "manual"}),
        ({"fivetran": AUTO}, {"fivetran": AUTO | {"sync_salesforce": False}}, {"schedule_type": "manual"}),
        ({}, {"fivetran": {"sync_frequency_minutes": 60}}, {"sync_frequency": 60}),
        ({}, {"salesforce": {"sync_frequency_minutes": 720}}, {"sync_frequency": 720}),
        ({}, {"salesforce": {"enabled": False}}, {"paused": True}),
    ],
)
def test_a_changed_setting_is_applied_and_read_back(
    acme: Installation, before: dict[str, Any], sections: dict[str, Any], expected: dict[str, Any]
) -> None:
    acme.change(acme.document(**before))
    change = acme.change(acme.document(**sections))
    connection = acme.api.connection(acme.salesforce)
    assert {name: getattr(connection, name) for name in expected} == expected
    told = {each.setting: each.value for each in change.applied if each.source == "salesforce"}
    assert {name: told.get(name) for name in expected} == expected


def test_fivetran_gets_its_schedule_only_when_the_tables_that_are_off_were_switched_off(
    acme: Installation,
) -> None:
    config = {"schema": f"salesforce_{uuid4().hex[:8]}"}
    crm = acme.api.create_connection(service="salesforce", group_id="local", config=config).connection.id
    document = acme.document(
        fivetran=AUTO, salesforce={"connection_id": crm, "sync_objects": {"cases": False}}
    )
    change = acme.change(document, resume=(crm,))
    told = {each.setting: each.message for each in change.applied if each.source == "salesforce"}
    assert told["tables.case"] == "off, before the first sync"
    assert told["schedule_type"] == "auto, after the first sync"
    found = acme.api.connection(crm)
    assert (found.paused, found.schedule_type) == (False, "manual")
    hand_schedule_over(acme.api, acme.settings(), "salesforce", found)
    assert acme.api.connection(crm).schedule_type == "auto"


def test_only_what_differs_is_told(acme: Installation) -> None:
    acme.change(acme.document())
    assert acme.change(acme.document(account_matching={"threshold": 0.9})).applied == ()
    change = acme.change(acme.document(servicenow={"sync_tables": {"problems": False}}))
    assert [(each.setting, each.value) for each in change.applied] == [("tables.problem", False)]


def test_what_fivetran_refuses_is_not_saved_and_what_it_took_before_is_taken_back(acme: Installation) -> None:
    acme.change(acme.document())
    wrong = acme.document(fivetran={"sync_frequency_minutes": 60}, servicenow={"connection_id": "no_such"})
    with pytest.raises(FivetranRefused, match="no_such"):
        acme.change(wrong)
    assert acme.stored_version() == 1
    assert acme.api.connection(acme.salesforce).sync_frequency == 360


def test_when_saving_fails_fivetran_is_as_it_was(acme: Installation) -> None:
    acme.change(acme.document())
    old = acme.settings()
    new = parse_settings(acme.document(fivetran=AUTO | {"sync_frequency_minutes": 60}))
    with (
        pytest.raises(Conflict),
        settings_applied(acme.configuration, old, new) as applied,
    ):
        assert acme.api.connection(acme.salesforce).sync_frequency == 60
        assert {each.setting for each in applied} == {"schedule_type", "sync_frequency"}
        raise Conflict("Somebody else was faster.")
    connection = acme.api.connection(acme.salesforce)
    assert (connection.schedule_type, connection.sync_frequency) == ("manual", 360)


def test_an_outdated_version_is_refused_before_fivetran_is_told(acme: Installation) -> None:
    acme.change(acme.document())
    with pytest.raises(Conflict, match="version 1, not 7"):
        acme.change(acme.document(fivetran={"sync_frequency_minutes": 60}), expected_version=7)
    assert acme.api.connection(acme.salesforce).sync_frequency == 360


def test_without_apply_fivetran_is_not_called(acme: Installation) -> None:
    acme.change(acme.document(fivetran={"sync_frequency_minutes": 60}), apply=False)
    assert acme.stored_version() == 1
    assert acme.api.connection(acme.salesforce).paused is True


def test_a_dry_run_says_what_would_change_and_changes_nothing(acme: Installation) -> None:
    change = acme.change(acme.document(update={"mode": "replace"}), dry_run=True)
    assert ("update.mode", "upsert", "replace") in {
        (each.path, each.old, each.new) for each in change.changes
    }
    assert acme.stored_version() == 0
    assert acme.api.connection(acme.salesforce).paused is True


def test_settings_can_be_told_again_as_a_whole(acme: Installation) -> None:
    acme.change(acme.document(), apply=False)
    apply_settings(acme.configuration, None, acme.settings())
    assert acme.api.connection(acme.salesforce).schedule_type == "manual"


@pytest.mark.usefixtures("no_pauses")
def test_an_unreachable_fivetran_stores_nothing(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    nowhere = replace(configuration, fivetran_api_url="http://127.0.0.1:9")
    document = {"salesforce": {"connection_id": "sf"}}
    with pytest.raises(FivetranUnavailable):
        change_settings(nowhere, sqlite_engine, "acme", document, by=OPERATOR, add_as="Acme")
    with sqlite_engine.connect() as connection:
        assert list_customers(connection) == []


def test_a_customer_is_added_together_with_its_settings_or_not_at_all(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    def add(key: str, document: dict[str, Any]) -> None:
        change_settings(configuration, sqlite_engine, key, document, by=OPERATOR, add_as=key.title())

    add("acme", {"salesforce": {"schema": "crm"}, "servicenow": {"enabled": False}})
    with pytest.raises(Conflict, match="raw schema 'crm' belongs to customer 'acme'"):
        add("bolt", {"salesforce": {"schema": "CRM"}, "servicenow": {"enabled": False}})
    with pytest.raises(InvalidSettings):
        add("cargo", {"salesforce": {"schemas": "x"}})
    with sqlite_engine.connect() as connection:
        assert [customer.name for customer in list_customers(connection)] == ["Acme"]


def test_a_raw_schema_left_to_its_default_is_claimed_too(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    change_settings(configuration, sqlite_engine, "acme", {}, by=OPERATOR, add_as="Acme")
    explicit = {"salesforce": {"schema": "salesforce_crm"}, "servicenow": {"schema": "other"}}
    with pytest.raises(Conflict, match="raw schema 'salesforce_crm' belongs to customer 'acme'"):
        change_settings(configuration, sqlite_engine, "bolt", explicit, by=OPERATOR, add_as="Bolt")


def test_what_is_only_shown_is_not_stored(configuration: Configuration, sqlite_engine: sa.Engine) -> None:
    change = change_settings(configuration, sqlite_engine, "acme", {}, by=OPERATOR, add_as="Acme")
    shown = change.settings.document()
    shown["fivetran"] |= {"last_sync": "2026-01-01T00:00:00Z", "enabled": False}
    shown["kpi_mappings"]["nps"]["enabled"] = False
    change_settings(configuration, sqlite_engine, "acme", shown, by=OPERATOR)
    with sqlite_engine.connect() as connection:
        newest, _ = settings_history(connection, "acme")
    changed = {"enabled": False}
    assert newest.document == {"fivetran": changed, "kpi_mappings": {"nps": changed}}
