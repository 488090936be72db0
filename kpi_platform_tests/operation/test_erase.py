"""Off-boarding: nothing of the customer is left anywhere, and nothing of its neighbour is missing."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kpi_platform.cli.main import app
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import add_customer, remove_customer
from kpi_platform.dashboard.offboarding import erase_dashboard, find_leaver, retire
from kpi_platform.defs.batch import CUSTOMERS_TAG
from kpi_platform.defs.erase import require_idle
from kpi_platform.domain.errors import Conflict, UnknownCustomer
from kpi_platform_tests.defs.installation import Installation, installed
from kpi_platform_tests.operation.planting import (
    MARTS,
    found_in_sqlite,
    found_in_warehouse,
    of_customers,
    plant_in_dagster,
    plant_in_dashboard,
    plant_in_warehouse,
)

MARKS = {"northwind": "Qx7LeaverMark", "initech": "Qx7StayerMark"}


def document(key: str) -> dict[str, Any]:
    return {
        source: {"connection_id": f"{key}_{source}", "schema": f"{key}_{source}"}
        for source in ("salesforce", "servicenow")
    }


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("erase")) as found:
        yield found


@pytest.fixture(scope="module")
def planted(installation: Installation) -> Installation:
    """Two customers with their mark in every place."""
    for key, mark in MARKS.items():
        with installation.engine.begin() as connection:
            plant_in_dashboard(connection, key, mark, document(key))
        plant_in_warehouse(installation.configuration, key, mark, f"{key}_salesforce")
        plant_in_dagster(installation.instance, key, mark, next(other for other in MARKS if other != key))
    return installation


def places(one: Installation, mark: str) -> list[str]:
    home = one.configuration.home
    return found_in_sqlite(home, mark) + found_in_warehouse(one.configuration.warehouse_file, mark)


def erase(one: Installation, key: str, *options: str) -> Any:
    environment = dict(one.configuration.environment) | {
        "FIVETRAN_API_URL": one.configuration.fivetran_api_url
    }
    answer = CliRunner().invoke(app, ["customer", "erase", key, "--yes", "--json", *options], env=environment)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_nothing_of_an_erased_customer_is_left_anywhere(planted: Installation) -> None:
    names = {table.name for table in of_customers()}
    without_text = {"account_health", "account_health_history", "past_weeks"}
    everywhere = {f"dashboard.db: {name}" for name in names - without_text}
    everywhere |= {f"kpi.{mart}" for mart in MARTS} | {"kpi_preview.kpi_accounts"}
    for mark in MARKS.values():
        assert everywhere <= set(places(planted, mark))
    before = places(planted, MARKS["initech"])
    proof = erase(planted, "northwind", "--raw-schemas", "--connections", "delete")
    assert proof["erased"]
    assert places(planted, MARKS["northwind"]) == []
    # Not even in the free pages of the file.
    assert not any(
        MARKS["northwind"].encode() in file.read_bytes()
        for file in planted.configuration.home.glob("dashboard.db*")
    )
    assert places(planted, MARKS["initech"]) == before
    left = {one["place"]: one for one in proof["proof"]}
    assert left["dashboard table kpis"] == {
        "place": "dashboard table kpis",
        "before": 1,
        "left": 0,
        "kept": "",
    }
    assert left["Dagster runs of the customer alone"]["before"] == 1
    assert left["Dagster asset events"]["before"] >= 2
    assert planted.instance.get_dynamic_partitions("customers") == ["initech"]
    known = planted.control("GET", "state")["connections"]
    assert not any(name.startswith("northwind") for name in known)
    assert "initech_salesforce" in known
    with planted.engine.connect() as connection:
        (event,) = connection.execute(
            sa.select(tables.audit_events).where(tables.audit_events.c.action == "customer.erase")
        ).mappings()
        assert (event["target"], event["customer_id"]) == ("northwind", None)
        assert event["detail"]["rows"]["kpis"] == 1
        with pytest.raises(UnknownCustomer):
            find_leaver(connection, "northwind")
        assert connection.scalars(sa.select(tables.customers.c.key)).all() == ["initech"]


def test_a_customer_whose_run_is_under_way_is_not_erased_yet(installation: Installation) -> None:
    run = installation.instance.add_run(
        dg.DagsterRun(job_name="refresh", tags={CUSTOMERS_TAG: "cato"}, status=dg.DagsterRunStatus.STARTED)
    )
    with pytest.raises(Conflict, match=run.run_id):
        require_idle(installation.configuration, "cato")
    installation.instance.report_run_failed(run, "ended")
    require_idle(installation.configuration, "cato")


@pytest.mark.parametrize("removed_before", [False, True])
def test_audit_events_stay_under_the_key_where_that_is_wanted(
    any_dashboard_engine: sa.Engine, removed_before: bool
) -> None:
    engine = any_dashboard_engine
    with engine.begin() as connection:
        add_customer(connection, "warm", "Warm up")
        plant_in_dashboard(connection, "acme", "Mark", document("acme"))
        if removed_before:
            remove_customer(connection, "acme")
        leaver = find_leaver(connection, "acme")
        retire(connection, leaver, who="ann")
    proof = erase_dashboard(engine, leaver, who="ann", keep_audit=True)
    assert all(one.proved for one in proof)
    kept = {one.place: one.left for one in proof if one.left}
    assert kept == {"dashboard table audit_events": 1 if removed_before else 2}
    with engine.connect() as connection:
        targets = connection.scalars(sa.select(tables.audit_events.c.target)).all()
    assert "acme: Mark" in targets
