from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.domain.errors import InvalidInput, NotFound, UnknownCustomer
from kpi_platform.pipeline.batch import batches_of, read_inputs
from kpi_platform_tests.pipeline.landing import ACCOUNT, INCIDENT, account, customer, land
from kpi_platform_tests.pipeline.planning import plan_batches

REACHED = {"KPI_ALLOWED_HOSTS": "127.0.0.1"}
AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)


def test_customers_of_one_destination_are_one_batch_and_a_broken_one_is_named(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    for key in ("acme", "broken", "zeta"):
        customer(configuration, sqlite_engine, key)
    customer(configuration, sqlite_engine, "apart", {"warehouse": {"schema": "elsewhere"}})
    for key in ("acme", "zeta", "apart"):
        land(configuration.warehouse_file, f"{key}_sf", {"account": (ACCOUNT, [])})
    first, second = plan_batches(
        configuration, sqlite_engine, ["zeta", "broken", "apart", "acme", "zeta"], AS_OF
    )
    assert first.customers == ("zeta", "acme")
    assert second.customers == ("apart",)
    assert set(first.left_out) == {"broken"}
    assert isinstance(first.left_out["broken"], NotFound)
    assert "broken_sf" in first.left_out["broken"].message
    assert [one["key"] for one in first.vars()["customers"]] == ["zeta", "acme"]
    assert first.vars()["as_of"] == "2026-11-24T06:00:00+00:00"
    assert first.only(["acme"]).customers == ("acme",)


def test_both_schemas_are_found_and_the_sync_state_is_judged_at_as_of(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    customer(configuration, sqlite_engine, "acme", {"servicenow": {"enabled": True}})
    land(configuration.warehouse_file, "acme_sf", {"Account": (ACCOUNT, [account(1)])})
    land(configuration.warehouse_file, "acme_sn", {"incident": (INCIDENT, [])})
    with sqlite_engine.begin() as connection:
        late = AS_OF - timedelta(hours=30)
        record_sync_state(connection, "acme", "salesforce", last_succeeded_at=late)
        record_sync_state(connection, "acme", "servicenow", last_succeeded_at=AS_OF)

    def stale(as_of: datetime) -> tuple[bool, bool]:
        (batch,) = plan_batches(configuration, sqlite_engine, ["acme"], as_of)
        plan = batch.plans["acme"]
        assert plan.sources["salesforce"]["tables"]["account"]["identifier"] == "Account"
        is_stale = {one.source: one.is_stale for one in plan.kpi_settings}
        return is_stale["salesforce"], is_stale["servicenow"]

    assert stale(AS_OF) == (True, False)
    assert stale(AS_OF - timedelta(hours=20)) == (False, False)
    assert stale(AS_OF + timedelta(days=1)) == (True, True)


def test_no_secret_is_in_the_vars(configuration: Configuration, sqlite_engine: sa.Engine) -> None:
    environment = {**configuration.environment, "KPI_SECRET_ACME_PASSWORD": "s3cr3t-value", **REACHED}
    secret = Configuration.from_environment(environment)
    server = {"type": "postgres", "host": "127.0.0.1", "port": 1, "database": "d", "username": "u"}
    server |= {"credentials_secret": "KPI_SECRET_ACME_PASSWORD"}
    customer(secret, sqlite_engine, "acme", {"warehouse": server})
    (batch,) = plan_batches(secret, sqlite_engine, ["acme"], AS_OF)
    assert set(batch.left_out) == {"acme"}
    for shown in (batch.vars(), batch.left_out["acme"], batch):
        assert "s3cr3t-value" not in str(shown)
        assert "s3cr3t-value" not in repr(shown)


def test_a_destination_that_does_not_answer_leaves_out_its_own_customers(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    environment = {**configuration.environment, "KPI_SECRET_DOWN_PASSWORD": "x", **REACHED}
    with_password = Configuration.from_environment(environment)
    server = {"type": "postgres", "host": "127.0.0.1", "port": 1, "database": "d", "username": "u"}
    server |= {"credentials_secret": "KPI_SECRET_DOWN_PASSWORD"}
    customer(configuration, sqlite_engine, "down", {"warehouse": server})
    customer(configuration, sqlite_engine, "acme")
    land(configuration.warehouse_file, "acme_sf", {"account": (ACCOUNT, [])})
    batches = plan_batches(with_password, sqlite_engine, ["down", "acme"], AS_OF)
    assert [(batch.customers, set(batch.left_out)) for batch in batches] == [
        ((), {"down"}),
        (("acme",), set()),
    ]


def test_a_customer_without_a_destination_is_named(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    server = {"type": "postgres", "host": "127.0.0.1", "database": "d", "username": "u"}
    customer(configuration, sqlite_engine, "acme", {"warehouse": server})
    reached = Configuration.from_environment({**configuration.environment, **REACHED})
    inputs, failed = read_inputs(reached, sqlite_engine, ["acme", "nobody"])
    assert inputs == []
    assert "KPI_SECRET_ACME_PASSWORD" in str(failed["acme"])
    _, unreached = read_inputs(configuration, sqlite_engine, ["acme"])
    assert "KPI_ALLOWED_HOSTS" in str(unreached["acme"])
    assert isinstance(failed["nobody"], UnknownCustomer)
    with pytest.raises(UnknownCustomer):
        plan_batches(configuration, sqlite_engine, ["nobody"], AS_OF)


def test_an_as_of_without_a_time_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        batches_of([], datetime(2026, 11, 24))
