"""One way to change settings: who may, and what is stored of a document."""

from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.allowed_secrets import allow_secret
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import current_settings, save_settings
from kpi_platform.domain.errors import Conflict, Forbidden, InvalidSettings
from kpi_platform.domain.settings import CustomerSettings, Editor
from kpi_platform.pipeline.change_settings import SettingsChange, change_settings, restore_settings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.named_secrets import secret_paths
from kpi_platform_tests.editors import ADMIN, OPERATOR, WRITER

DEFAULTS = CustomerSettings().document()
REPLACE = {"update": {"mode": "replace"}}


class Bench:
    """One customer, whose settings Fivetran is not told of."""

    def __init__(self, configuration: Configuration, engine: sa.Engine) -> None:
        self.configuration, self.engine = configuration, engine
        change_settings(configuration, engine, "acme", {}, by=OPERATOR, add_as="Acme", apply=False)

    def save(self, document: dict[str, Any], by: Editor = OPERATOR, **options: Any) -> SettingsChange:
        return change_settings(
            self.configuration, self.engine, "acme", document, by=by, apply=False, **options
        )

    def stored(self) -> dict[str, Any]:
        with self.engine.connect() as connection:
            found = current_settings(connection, "acme")
        assert found is not None
        return found.document

    def with_environment(self, **variables: str) -> "Bench":
        environment = {**self.configuration.environment, **variables}
        self.configuration = Configuration.from_environment(environment)
        return self

    def holds(self) -> dict[str, Any]:
        with self.engine.connect() as connection:
            return effective_settings(self.configuration, connection, "acme").document()


@pytest.fixture
def bench(configuration: Configuration, sqlite_engine: sa.Engine) -> Bench:
    return Bench(configuration, sqlite_engine)


def test_what_only_repeats_a_default_is_not_stored_so_that_a_later_variable_holds(bench: Bench) -> None:
    bench.save({**DEFAULTS, **REPLACE})
    assert bench.stored() == REPLACE
    assert bench.with_environment(WAREHOUSE_TYPE="postgres").holds()["warehouse"]["type"] == "postgres"
    # The other way round: a variable's value is a default, too.
    bench.save({**bench.holds(), **REPLACE})
    assert bench.stored() == REPLACE


def test_a_setting_that_is_set_back_to_its_default_is_taken_out(bench: Bench) -> None:
    bench.save(REPLACE | {"alerts": {"on_stale_hours": 5}})
    bench.save({"update": {"mode": "upsert"}, "alerts": {"on_stale_hours": 5}})
    assert bench.stored() == {"alerts": {"on_stale_hours": 5}}


def test_another_spelling_of_a_default_is_not_stored(bench: Bench) -> None:
    document = {
        "account_matching": {"strategy": "name_fuzzy_match"},
        "kpi_mappings": {"nps": {"thresholds": {"healthy": 50}}},
        "warehouse": {"host": "", "port": None},
    }
    bench.save(document)
    assert bench.stored() == {}


def test_no_value_is_stated_where_no_value_is_another_than_the_default(bench: Bench) -> None:
    bench.save({"servicenow": {"sync_frequency_minutes": None}})
    assert bench.holds()["servicenow"]["sync_frequency_minutes"] is None
    bench.save(bench.holds())
    assert bench.stored() == {"servicenow": {"sync_frequency_minutes": None}}


def test_what_a_stored_document_states_stays_stated(bench: Bench) -> None:
    frozen = {"warehouse": {"type": "duckdb"}, "update": {}}
    with bench.engine.begin() as connection:
        save_settings(connection, "acme", frozen, who="test")
    bench.save({**bench.holds(), "alerts": {"on_stale_hours": 5}}, WRITER)
    assert bench.stored() == {**frozen, "alerts": {"on_stale_hours": 5}}


def test_a_restored_version_stores_no_default_either(bench: Bench) -> None:
    with bench.engine.begin() as connection:
        save_settings(connection, "acme", {**DEFAULTS, **REPLACE}, who="test")
    bench.save({})
    restore_settings(bench.configuration, bench.engine, "acme", 2, by=OPERATOR, apply=False)
    assert bench.stored() == REPLACE


@pytest.mark.parametrize("by", [WRITER, ADMIN])
def test_placement_is_the_operators(bench: Bench, by: Editor) -> None:
    placed = {"warehouse": {"schema": "marts"}, "salesforce": {"schema": "crm"}}
    bench.save(placed)
    for wanted, paths in (
        ({}, ["salesforce.schema", "warehouse.schema"]),
        (placed | {"warehouse": {"schema": "other"}}, ["warehouse.schema"]),
        (placed | {"fivetran": {"group_id": "g"}}, ["fivetran.group_id"]),
    ):
        for dry_run in (True, False):
            with pytest.raises(Forbidden) as refused:
                bench.save(wanted, by, dry_run=dry_run)
            assert refused.value.details["paths"] == paths
    with pytest.raises(Forbidden):
        restore_settings(bench.configuration, bench.engine, "acme", 1, by=by, apply=False)
    assert bench.stored() == placed
    assert bench.save({**bench.holds(), **REPLACE}, by).changes[0].path == "update.mode"
    assert bench.stored() == {**placed, **REPLACE}


def test_a_variable_that_is_repeated_is_no_change_of_placement(bench: Bench) -> None:
    bench.with_environment(WAREHOUSE_TYPE="postgres", WAREHOUSE_HOST="db.example")
    bench.save({"warehouse": {"type": "postgres", "host": "db.example"}, **REPLACE}, WRITER)
    assert bench.stored() == REPLACE
    with pytest.raises(Forbidden):
        bench.save({"warehouse": {"type": "duckdb"}, **REPLACE}, WRITER)


def test_alert_channels_are_switched_by_administrators(bench: Bench) -> None:
    channel = {"alerts": {"webhook_url_secret": "KPI_SECRET_ACME_HOOK"}}
    with pytest.raises(Forbidden):
        bench.save(channel, WRITER)
    bench.save(channel, ADMIN)
    bench.save(channel | REPLACE, WRITER)
    with pytest.raises(Forbidden):
        bench.save(REPLACE, WRITER)


def test_settings_that_are_not_valid_any_more_are_guarded_all_the_same(bench: Bench) -> None:
    broken = {"warehouse": {"schema": "marts"}, "update": {"mode": "former"}}
    with bench.engine.begin() as connection:
        save_settings(connection, "acme", broken, who="test")
    with pytest.raises(Forbidden) as refused:
        bench.save(REPLACE, WRITER)
    assert refused.value.details["paths"] == ["warehouse.schema"]
    bench.save({"warehouse": {"schema": "marts"}, **REPLACE}, WRITER)


def test_whoever_is_late_is_told_so_before_what_is_not_theirs(bench: Bench) -> None:
    bench.save({"warehouse": {"schema": "marts"}})
    with pytest.raises(Conflict, match="somebody else was faster"):
        bench.save(REPLACE, WRITER, expected_version=1)


@pytest.mark.parametrize("path", secret_paths())
@pytest.mark.parametrize(
    "name", ["KPI_SESSION_KEY", "KPI_SECRET_BOLT_PASSWORD", "KPI_SECRET_ACME_", "KPI_SECRET_ACME_EU_PASSWORD"]
)
def test_a_secret_that_is_not_the_customers_is_not_saved_by_anybody(
    bench: Bench, path: str, name: str
) -> None:
    with bench.engine.begin() as connection:
        add_customer(connection, "acme_eu", "Acme EU")
    section, _, key = path.partition(".")
    for document in ({section: {key: name}}, {"warehouse": {"host": "db.example"}, section: {key: name}}):
        with pytest.raises(InvalidSettings, match="kpi-platform secret allow acme NAME") as refused:
            bench.save(document)
        assert [error["field"] for error in refused.value.details["errors"]] == [path]
    assert bench.stored() == {}
    bench.save({section: {key: "KPI_SECRET_ACME_PASSWORD"}})
    with bench.engine.begin() as connection:
        allow_secret(connection, "acme", name, who="test")
    bench.save({section: {key: name}})
    assert bench.stored() == {section: {key: name}}


def test_the_installations_credentials_are_named_at_its_default_place_alone(bench: Bench) -> None:
    place = {"type": "postgres", "host": "db.example", "database": "raw"}
    bench.with_environment(WAREHOUSE_TYPE="postgres", WAREHOUSE_HOST="db.example", WAREHOUSE_DATABASE="raw")
    named = {"credentials_secret": "WAREHOUSE_PASSWORD"}
    bench.save({"warehouse": place | named})
    for elsewhere in ({"host": "other.example"}, {"port": 6543}, {"database": "other"}):
        with pytest.raises(InvalidSettings):
            bench.save({"warehouse": place | named | elsewhere})
    with pytest.raises(InvalidSettings):
        bench.save({"alerts": {"webhook_url_secret": "WAREHOUSE_PASSWORD"}})
    assert bench.stored() == {"warehouse": named}
    with bench.engine.begin() as connection:
        allow_secret(connection, "acme", "WAREHOUSE_PASSWORD", who="test")
    bench.save({"warehouse": place | named | {"host": "other.example"}})


def test_a_name_of_before_is_kept_and_cannot_be_restored(bench: Bench) -> None:
    former = {"alerts": {"webhook_url_secret": "KPI_SESSION_KEY"}}
    with bench.engine.begin() as connection:
        save_settings(connection, "acme", former, who="test")
    bench.save({**bench.holds(), **REPLACE}, WRITER)
    assert bench.stored() == {**former, **REPLACE}
    bench.save(REPLACE)
    with pytest.raises(InvalidSettings):
        restore_settings(bench.configuration, bench.engine, "acme", 2, by=OPERATOR, apply=False)
