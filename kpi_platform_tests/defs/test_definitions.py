"""The code location: what is in it, how it hangs together, and that loading it touches nothing."""

import json

import dagster as dg
import pytest
import yaml
from alembic.script import ScriptDirectory
from dagster._core.instance.config import dagster_instance_config
from dagster._core.storage import sql as dagster_sql
from dagster._core.storage.runs.sqlite import sqlite_run_storage as run_storage
from fastapi.testclient import TestClient

from kpi_platform.adapters.dbt import manifest_path
from kpi_platform.adapters.dbt_results import shown_model
from kpi_platform.configuration import Configuration
from kpi_platform.defs.instance import POOL_LIMITS, prepare_dagster_home
from kpi_platform.defs.location import definitions
from kpi_platform.defs.web_links import LINK
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES
from kpi_platform.web.app import create_app


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[dg.Definitions, Configuration]:
    """The definitions as an empty installation loads them: no database, and nobody at Fivetran's address."""
    home = str(tmp_path_factory.mktemp("definitions") / "home")
    configuration = Configuration.from_environment(
        {"KPI_PLATFORM_HOME": home, "FIVETRAN_API_URL": "http://127.0.0.1:1"}
    )
    return definitions(configuration), configuration


def test_loading_needs_neither_database_nor_fivetran(loaded: tuple[dg.Definitions, Configuration]) -> None:
    defs, configuration = loaded
    dg.Definitions.validate_loadable(defs)
    assert not (configuration.home / "dashboard.db").exists()
    assert not configuration.warehouse_file.exists()


def test_every_source_table_is_a_described_asset_of_its_group(
    loaded: tuple[dg.Definitions, Configuration],
) -> None:
    graph = loaded[0].resolve_asset_graph()
    for source in SOURCES:
        for table in SOURCE_TABLES[source]:
            node = graph.get(dg.AssetKey([source, table.name]))
            assert node.is_materializable
            assert node.group_name == source
            assert table.description in (node.description or "")
            assert node.kinds >= {"fivetran", source}
            assert node.owners


def test_all_assets_are_partitioned_by_customer_and_none_is_a_ghost(
    loaded: tuple[dg.Definitions, Configuration],
) -> None:
    graph = loaded[0].resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert graph.get(key).is_materializable, key
        assert isinstance(graph.get(key).partitions_def, dg.DynamicPartitionsDefinition), key


def test_lineage_goes_from_every_source_through_the_kpis_to_the_load(
    loaded: tuple[dg.Definitions, Configuration],
) -> None:
    graph = loaded[0].resolve_asset_graph()
    behind = {key.path[0] for key in graph.get_ancestor_asset_keys(dg.AssetKey("dashboard_load"))}
    assert behind >= {"salesforce", "servicenow", "kpi_values", "account_health_score", "account_matches"}
    assert not graph.get(dg.AssetKey("dashboard_load")).child_keys


def test_a_column_names_the_columns_it_is_computed_from(
    loaded: tuple[dg.Definitions, Configuration],
) -> None:
    graph = loaded[0].resolve_asset_graph()
    read = {
        (key.to_user_string(), column): {(dep.asset_key.to_user_string(), dep.column_name) for dep in deps}
        for key in graph.get_all_asset_keys()
        if (lineage := graph.get(key).metadata.get("dagster/column_lineage"))
        for column, deps in lineage.deps_by_column.items()
    }

    def sources(column: tuple[str, str]) -> set[tuple[str, str]]:
        if column not in read:
            return {column}
        return set().union(*(sources(one) for one in read[column]))

    marts = {mart for mart, _ in read}
    for mart in marts:
        described = graph.get(dg.AssetKey(mart)).metadata["dagster/column_schema"].columns
        assert {(mart, one.name) for one in described} == {one for one in read if one[0] == mart}
        assert all(one.description for one in described)
    for asset, column in set().union(*read.values()):
        assert graph.has(dg.AssetKey.from_user_string(asset)), asset
        assert asset not in marts or (asset, column) in read
    assert read["kpi_integrated_metrics", "nps"] == {("kpi_salesforce_metrics", "nps")}
    assert read["kpi_daily", "value"] == {("kpi_values", "value")}
    assert sources(("kpi_accounts", "nps_score")) == {("salesforce/account", "nps_score_c")}
    # Through ephemeral models, to every source of a value.
    assert sources(("kpi_values", "value")) >= {
        ("salesforce/account", "nps_score_c"),
        ("salesforce/account", "adoption_score_c"),
        ("salesforce/account", "churn_risk_score_c"),
        ("salesforce/case", "satisfaction_rating_c"),
        ("salesforce/opportunity", "amount"),
        ("servicenow/task", "opened_at"),
        ("servicenow/incident", "resolved_at"),
        ("servicenow/incident", "u_first_responded_at"),
        ("servicenow/incident", "u_satisfaction_rating"),
        ("servicenow/task_sla", "has_breached"),
    }
    assert sources(("servicenow_sla_breaches", "breach_rate")) >= {
        ("servicenow/task_sla", "has_breached"),
        ("servicenow/task_sla", "planned_end_time"),
        ("servicenow/task", "sla_due"),
        ("servicenow/task", "made_sla"),
    }


def test_the_two_jobs_meet_at_the_landed_tables(loaded: tuple[dg.Definitions, Configuration]) -> None:
    selected = {
        job: loaded[0].resolve_job_def(job).asset_layer.selected_asset_keys
        for job in ("sync", "refresh", "sync_and_refresh")
    }
    assert not selected["sync"] & selected["refresh"]
    assert selected["sync"] | selected["refresh"] == selected["sync_and_refresh"]
    assert selected["sync_and_refresh"] == loaded[0].resolve_asset_graph().get_all_asset_keys()


def test_the_tests_of_the_marts_are_checks_of_which_only_harm_holds_back_the_load(
    loaded: tuple[dg.Definitions, Configuration],
) -> None:
    graph = loaded[0].resolve_asset_graph()
    checked = {key.asset_key.to_user_string() for key in graph.asset_check_keys}
    assert {"kpi_values", "kpi_integrated_metrics", "salesforce/account"} <= checked
    assert {key.name for key in graph.asset_check_keys if graph.get(key).blocking} == {"no_harm"}


def test_schedule_and_sensors_run_from_the_start(loaded: tuple[dg.Definitions, Configuration]) -> None:
    repository = loaded[0].get_repository_def()
    names = {sensor.name for sensor in repository.sensor_defs}
    assert names >= {"fivetran_syncs", "refresh", "requests", "digests"}
    assert all(sensor.default_status == dg.DefaultSensorStatus.RUNNING for sensor in repository.sensor_defs)
    assert {schedule.name for schedule in repository.schedule_defs} == {"due_syncs", "freshness_hourly"}
    assert all(
        schedule.default_status == dg.DefaultScheduleStatus.RUNNING for schedule in repository.schedule_defs
    )


def test_what_people_ask_for_is_looked_at_every_few_seconds(
    loaded: tuple[dg.Definitions, Configuration],
) -> None:
    repository = loaded[0].get_repository_def()
    intervals = {sensor.name: sensor.minimum_interval_seconds for sensor in repository.sensor_defs}
    # A tick that comes too late by one, and the daemon's own loop of five seconds, stay within 15.
    assert intervals["requests"] == 5


def test_the_instance_is_prepared_once_with_its_pools(configuration: Configuration) -> None:
    home = prepare_dagster_home(configuration)
    assert home == configuration.dagster_home
    settings = yaml.safe_load((home / "dagster.yaml").read_text())
    assert settings["telemetry"] == {"enabled": False}
    assert dagster_instance_config(str(home))[0]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        limits = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
    assert limits == POOL_LIMITS
    written = (home / "dagster.yaml").stat().st_mtime_ns
    assert prepare_dagster_home(configuration) == home
    assert (home / "dagster.yaml").stat().st_mtime_ns == written


def test_no_secret_is_part_of_what_dagster_shows(loaded: tuple[dg.Definitions, Configuration]) -> None:
    secret = "never-show-this"
    _, configuration = loaded
    given = {**configuration.environment, "FIVETRAN_API_KEY": secret, "FIVETRAN_API_SECRET": secret}
    defs = definitions(Configuration.from_environment(given))
    assert secret not in repr(defs)
    assert secret not in str(defs.resolve_job_def("sync").get_job_snapshot())


def test_the_scripts_of_dagsters_schema_are_read_once_and_are_the_same(configuration: Configuration) -> None:
    kept = dagster_sql.ScriptDirectory
    config = dagster_sql.get_alembic_config(run_storage.__file__)
    assert kept.from_config(config) is kept.from_config(config)
    original = ScriptDirectory.from_config(config)
    assert kept.from_config(config).as_revision_number("head") == original.as_revision_number("head")
    home = str(prepare_dagster_home(configuration))
    with dg.DagsterInstance.from_config(home) as instance, dg.DagsterInstance.from_config(home) as again:
        assert again.run_storage.alembic_version() == instance.run_storage.alembic_version()


def test_every_definition_says_what_it_is(loaded: tuple[dg.Definitions, Configuration]) -> None:
    repository = loaded[0].get_repository_def()
    graph = repository.asset_graph
    named = [
        *repository.sensor_defs,
        *repository.schedule_defs,
        *(job for job in repository.get_all_jobs() if not job.name.startswith("__")),
        *(graph.get(key) for key in graph.asset_check_keys),
        *(graph.get(key) for key in graph.get_all_asset_keys()),
    ]
    assert [one for one in named if len((one.description or "").split()) < 3] == []


def test_every_data_test_of_dbt_is_a_check_of_the_mart_that_it_names(
    loaded: tuple[dg.Definitions, Configuration],
) -> None:
    definitions, configuration = loaded
    manifest = json.loads(manifest_path(configuration).read_text(encoding="utf-8"))
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    shown = {(key.asset_key.path[-1], key.name) for key in definitions.resolve_asset_graph().asset_check_keys}
    assert [one["name"] for one in tests if (shown_model(one), one["name"]) not in shown] == []


def test_every_asset_leads_to_its_page_of_the_web_app(loaded: tuple[dg.Definitions, Configuration]) -> None:
    definitions, configuration = loaded
    graph = definitions.get_repository_def().asset_graph
    links = {key.to_user_string(): graph.get(key).metadata[LINK].value for key in graph.get_all_asset_keys()}
    assert links["kpi_values"] == f"{configuration.web_url}/accounts"
    assert links["dashboard_load"] == f"{configuration.web_url}/uploads"
    client = TestClient(create_app(configuration), "http://127.0.0.1")
    for page in {link.removeprefix(configuration.web_url) for link in links.values()}:
        assert client.get(page).status_code == 401, page
