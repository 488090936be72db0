"""The tests that every destination passes. A module `test_<destination>.py` starts its server in a
module-scoped fixture `place` (a `StartedDestination`) and runs all of this by one class:

class TestSnowflake(DestinationConformance): ...
"""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.dashboard.offboarding import find_leaver
from kpi_platform.domain.errors import NotFound
from kpi_platform.local.landing import LandingTable, with_history
from kpi_platform.pipeline.build import BuildReport
from kpi_platform.pipeline.connection_test import test_connection as run_connection_test
from kpi_platform.pipeline.erase import erase_in_destinations
from kpi_platform_tests.destinations.customers import AS_OF, LATER, emptied
from kpi_platform_tests.destinations.expected import Expected, an_explanation, dashboard_of, findings
from kpi_platform_tests.destinations.installation import Installation, Marts
from kpi_platform_tests.destinations.landed_values import Reading, readings_in
from kpi_platform_tests.destinations.landers import open_lander

STEPS = ["resolve", "connect", "authenticate", "database", "schema", "can_read"]


class DestinationConformance:
    """The tests run in this order on what `built` made once."""

    def test_every_mart_is_that_of_duckdb_row_by_row(self, built: Installation, expected: Expected) -> None:
        for customer, marts in expected.marts.items():
            same(built.marts(customer, marts), marts, built.place.tolerance)

    def test_the_data_tests_find_the_same_rows(self, report: BuildReport, expected: Expected) -> None:
        found = findings(report)
        keys = {key for key in {*found, *expected.checks} if found.get(key) != expected.checks.get(key)}
        assert not {key: (found.get(key), expected.checks.get(key)) for key in keys}

    def test_every_value_is_read_as_duckdb_reads_it(self, built: Installation, expected: Expected) -> None:
        found = readings_in(built)
        wanted = {
            key: reading
            for key, reading in expected.readings.items()
            if built.place.json or not key[0].startswith("documents")
        }
        assert found.keys() == wanted.keys()
        wrong = [
            f"{key}: {found[key]}, not {wanted[key]}" for key in found if not _equal(found[key], wanted[key])
        ]
        assert not wrong, "\n".join([f"{len(wrong)} differ", *wrong[:100]])

    def test_a_mart_is_read_by_columns_and_bound_values(
        self, built: Installation, expected: Expected
    ) -> None:
        customer = expected.customers[0].key
        values = expected.marts[customer]["kpi_values"]
        wanted = {"kpi": ["nps", "csat"], "account_id": str(values["account_id"].iloc[0])}
        found = [
            row
            for batch in built.destination.read_mart("kpi_values", customer, ["kpi", "status"], where=wanted)
            for row in batch.to_pylist()
        ]
        assert sorted(row["kpi"] for row in found) == ["csat", "nps"]
        assert all(set(row) == {"kpi", "status"} for row in found)
        assert not list(built.destination.read_mart("kpi_values", f"{customer}' or '1'='1"))
        with pytest.raises(NotFound, match="no_such_mart"):
            list(built.destination.read_mart("no_such_mart", customer))

    def test_a_value_is_explained_by_the_same_rows(self, built: Installation, expected: Expected) -> None:
        customer = expected.customers[0].key
        found = an_explanation(built, customer, expected.marts[customer])
        assert (found.counted, found.left_out) == (expected.explained.counted, expected.explained.left_out)
        assert found.numerator == pytest.approx(expected.explained.numerator, rel=1e-9)
        assert [row.id for row in found.rows] == [row.id for row in expected.explained.rows]

    def test_matching_and_load_work_on_top(self, built: Installation, expected: Expected) -> None:
        for customer, dashboard in expected.dashboards.items():
            found = dashboard_of(built, customer, AS_OF)
            wrong = {name: (found[name], dashboard[name]) for name in found if found[name] != dashboard[name]}
            assert not wrong, f"{customer}: {wrong}"

    def test_a_further_build_replaces_its_customers_alone(
        self, built: Installation, expected: Expected
    ) -> None:
        again, gone, other, *_ = (one.key for one in expected.customers)
        built.land([emptied(one) for one in expected.customers if one.key == gone])
        built.compute([gone, again], LATER)
        assert all(frame.empty for frame in built.marts(gone, expected.later).values())
        same(built.marts(again, expected.later), expected.later, built.place.tolerance)
        same(built.marts(other, expected.marts[other]), expected.marts[other], built.place.tolerance)

    def test_an_erased_customer_leaves_nothing_and_takes_nothing_of_others(
        self, built: Installation, expected: Expected
    ) -> None:
        leaving, _, other, *_ = expected.customers
        raw = [leaving.schema_name(source) for source in leaving.schemas]
        with built.engine.connect() as connection:
            leaver = find_leaver(connection, leaving.key)
        proof = list(
            erase_in_destinations(built.configuration, built.engine, leaver, raw_schemas=True, former=False)
        )
        assert all(one.proved and not one.kept for one in proof), proof
        assert sum(one.before for one in proof) > len(expected.marts[leaving.key])
        assert all(frame.empty for frame in built.marts(leaving.key, expected.later).values())
        assert not built.destination.columns(raw)
        same(
            built.marts(other.key, expected.marts[other.key]),
            expected.marts[other.key],
            built.place.tolerance,
        )
        assert built.destination.columns([other.schema_name(source) for source in other.schemas])
        # For the tests that follow.
        built.land([leaving])
        built.compute([leaving.key], LATER)

    def test_a_place_is_what_the_server_says_of_itself(self, built: Installation) -> None:
        place = built.destination.place()
        if built.place.says_which is None:
            assert place is None
        else:
            assert re.fullmatch(built.place.says_which, str(place))

    def test_a_connection_test_names_each_step(
        self, built: Installation, expected: Expected, customer_document: dict[str, object]
    ) -> None:
        settings = built.settings(customer_document)
        steps = list(run_connection_test(built.configuration, settings, built.secrets))
        assert [(step.name, step.ok, step.error) for step in steps] == [(name, True, None) for name in STEPS]

    def test_a_connection_test_stops_at_the_step_that_fails(
        self, built: Installation, customer_document: dict[str, object]
    ) -> None:
        for refusal in built.place.refusals:
            environment = {**built.configuration.environment, **refusal.environment}
            place = replace(built.place, warehouse={**built.place.warehouse, **refusal.warehouse})
            settings = replace(built, place=place).settings(customer_document)
            if refusal.raw_schema is not None:
                settings = replace(built, place=place).settings(
                    {**customer_document, "salesforce": {"schema": refusal.raw_schema}}
                )
            configuration = replace(built.configuration, environment=environment)
            *_, last = run_connection_test(
                configuration,
                settings,
                CustomerSecrets(configuration, "acme", allowed=frozenset({"WAREHOUSE_PASSWORD"})),
                limit_seconds=refusal.limit_seconds,
            )
            assert (last.name, last.ok) == (refusal.step, False), f"{refusal.case}: {last}"
            assert refusal.says in (last.error or ""), f"{refusal.case}: {last}"
            assert not any(secret in (last.error or "") for secret in built.place.secrets), refusal.case

    def test_the_local_fivetran_lands_by_key(self, built: Installation) -> None:
        lander = open_lander(built.configuration, built.place.service, built.place.landing)
        noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
        later = noon + timedelta(days=1)

        def rows(at: datetime, **columns: pa.Array) -> pa.Table:
            count = len(next(iter(columns.values())))
            return pa.table(columns | {"_fivetran_synced": pa.array([at] * count, pa.timestamp("us", "UTC"))})

        odd = pa.array(['say "yes",\nplease 🎉', "", None])
        lander.land(
            "landed", [LandingTable("notes", rows(noon, id=pa.array(list("abc")), body=odd), key="id")]
        )
        changed = rows(later, id=pa.array(["b"]), body=pa.array(["new"]), amount=pa.array([1.5]))
        table = LandingTable("notes", changed, key="id", deleted=["c"], synced_at=later)
        first = with_history(rows(noon, id=pa.array(["a", "b"])))
        versions = LandingTable("past", first, "id", synced_at=noon, history=True)
        lander.land("landed", [table, versions])
        ended = LandingTable(
            "past", with_history(rows(later, id=pa.array(["a"]))), "id", ["b"], later, history=True
        )
        lander.land("landed", [ended])
        found = self._rows(built, "select id, body, amount, _fivetran_deleted from landed.notes order by id")
        assert [(row["id"], row["body"], row["amount"]) for row in found] == [
            ("a", 'say "yes",\nplease 🎉', None),
            ("b", "new", 1.5),
            ("c", None, None),
        ]
        assert [bool(row["_fivetran_deleted"]) for row in found] == [False, False, True]
        past = self._rows(built, "select id, _fivetran_active from landed.past order by id, _fivetran_start")
        assert [tuple(row.values()) for row in past] == [("a", False), ("a", True), ("b", False)]

    @staticmethod
    def _rows(built: Installation, statement: str) -> list[dict[str, object]]:
        return [row for batch in built.destination.query(statement) for row in batch.to_pylist()]


def _equal(found: Reading, wanted: Reading) -> bool:
    if isinstance(found[0], float) and isinstance(wanted[0], float):
        return found[1] == wanted[1] and found[0] == pytest.approx(wanted[0], rel=1e-9)
    return found == wanted


def same(found: Marts, wanted: Marts, tolerance: float) -> None:
    """Equal in every row and column, numbers at 1e-9 or at the tolerance, except the clock."""
    assert set(found) == set(wanted)
    for mart, frame in wanted.items():
        clock = [column for column in frame.columns if column == "computed_at"]
        pd.testing.assert_frame_equal(
            found[mart].drop(columns=clock),
            frame.drop(columns=clock),
            check_dtype=False,
            check_exact=False,
            rtol=1e-9,
            atol=tolerance,
            obj=mart,
        )
