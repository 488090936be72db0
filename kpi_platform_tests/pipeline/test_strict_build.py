"""A strict build knows of the past what was known then (backtest.md, "What was known at t")."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.pipeline.build import build_kpis
from kpi_platform.pipeline.explain import explain
from kpi_platform_tests.pipeline.landing import account, customer, land

T = datetime(2026, 3, 2, 6, tzinfo=UTC)
FOREVER = datetime(9999, 12, 31, 23, 59, 59)
FIELDS = {
    "nps_score_c": (-100, 100),
    "adoption_score_c": (0, 100),
    "active_users_c": (0, 50),
    "total_users_c": (51, 99),
    "feature_usage_score_c": (0, 100),
}
ACCOUNT = {
    **dict.fromkeys(("id", "name", "type", "executive_engagement_c"), "varchar"),
    **dict.fromkeys(("_fivetran_synced", "last_login_date_c"), "timestamp"),
    **dict.fromkeys(("health_score_c", *FIELDS), "double precision"),
    "is_deleted": "boolean",
}
CHURN = {"churn_risk_score_c": "double precision"}
VERSIONS = {"_fivetran_start": "timestamp", "_fivetran_end": "timestamp", "_fivetran_active": "boolean"}
CASE = {
    "id": "varchar", "account_id": "varchar", "created_date": "timestamp", "is_deleted": "boolean",
    "satisfaction_rating_c": "double precision",
}  # fmt: skip
INCIDENT = {
    **dict.fromkeys(("sys_id", "u_customer_account_id", "state"), "varchar"),
    **dict.fromkeys(("opened_at", "resolved_at", "u_first_responded_at"), "timestamp"),
}
ACCOUNTS = [account(number)["id"] for number in range(8)]
MARTS = {
    "kpi_values": "account_id, kpi, value, numerator, denominator, sample_size, status, left_out_reason",
    "account_churn_risk": "account_id, inactivity_risk, relationship_risk, total_churn_risk_score, coverage",
    "account_health_score": "account_id, health_score, coverage, crm_health_score, nps_contribution",
}

Row = dict[str, Any]


def fields(rng: random.Random) -> Row:
    """What the fields of an account hold at one time; some hold nothing."""
    found: Row = {
        name: rng.choice([None, float(rng.randint(*span))])
        if rng.random() < 0.2
        else float(rng.randint(*span))
        for name, span in FIELDS.items()
    }
    return found | {
        "type": rng.choice(["Customer", "Customer - Direct"]),
        "last_login_date_c": T.replace(tzinfo=None) - timedelta(days=rng.randint(0, 90)),
        "executive_engagement_c": rng.choice(["Low", "High", None]),
        "health_score_c": float(rng.randint(0, 100)),
        "churn_risk_score_c": rng.choice([None, float(rng.randint(0, 100))]),
    }


def versions(rng: random.Random, number: int) -> list[Row]:
    """An account in history mode: versions one after the other, sometimes with a gap, the last one active."""
    at = datetime(2025, 6, 1) + timedelta(days=rng.randint(0, 500))
    rows: list[Row] = []
    while at < datetime(2026, 11, 1):
        end = at + timedelta(days=rng.randint(1, 200))
        rows.append({"_fivetran_start": at, "_fivetran_end": end, "_fivetran_active": False, **fields(rng)})
        at = end + rng.choice([timedelta(milliseconds=1), timedelta(days=20)])
    rows.append({"_fivetran_start": at, "_fivetran_end": FOREVER, "_fivetran_active": True, **fields(rng)})
    return [account(number, **one) for one in rows]


def events(rng: random.Random, since: datetime, until: datetime) -> dict[str, Any]:
    """Cases and incidents of all accounts between two times."""
    span = int((until - since).total_seconds())
    times = [since + timedelta(seconds=rng.randrange(span)) for _ in range(80)]
    name = f"{since:%Y%m%d}"
    cases = [
        {"id": f"500{name}{number:04}", "account_id": rng.choice(ACCOUNTS), "created_date": at,
         "is_deleted": False, "satisfaction_rating_c": float(rng.randint(1, 5))}
        for number, at in enumerate(times)
    ]  # fmt: skip
    incidents = [
        {"sys_id": f"inc{name}{number:04}", "opened_at": at,
         "resolved_at": at + timedelta(hours=rng.randint(1, 90)),
         "u_customer_account_id": rng.choice(ACCOUNTS), "state": "6",
         "u_first_responded_at": at + timedelta(hours=1)}
        for number, at in enumerate(times)
    ]  # fmt: skip
    return {"case": cases, "incident": incidents}


class World:
    """A plain customer, one in history mode, and one that has a field for churn risk."""

    def __init__(self, configuration: Configuration, engine: sa.Engine) -> None:
        self.configuration, self.engine = configuration, engine
        self.plain = [account(n, **fields(random.Random(n))) for n in range(8)]
        self.history = [row for n in range(8) for row in versions(random.Random(100 + n), n)]
        before = datetime(2025, 12, 1), T.replace(tzinfo=None)
        self.before = events(random.Random(1), *before)
        self.after = events(random.Random(2), before[1], datetime(2026, 10, 1))
        for key in ("plain", "hist", "risky"):
            customer(
                self.configuration, self.engine, key, {"servicenow": {"enabled": True, "schema": f"{key}_sn"}}
            )
        self.land()

    def land(self) -> None:
        cases = [*self.before["case"], *self.after["case"]]
        incidents = [*self.before["incident"], *self.after["incident"]]
        for key, types, rows in (
            ("plain", ACCOUNT, self.plain),
            ("hist", {**ACCOUNT, **VERSIONS, **CHURN}, self.history),
            ("risky", {**ACCOUNT, **CHURN}, self.plain),
        ):
            file = self.configuration.warehouse_file
            land(file, f"{key}_sf", {"account": (types, rows), "case": (CASE, cases)})
            land(file, f"{key}_sn", {"incident": (INCIDENT, incidents)})

    def build(self, as_of: datetime, *customers: str, strict: bool = True) -> None:
        report = build_kpis(self.configuration, self.engine, customers, as_of, strict=strict)
        assert not report.failed, {key: str(error) for key, error in report.failed.items()}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb_file.connect(self.configuration.warehouse_file) as warehouse:
            return warehouse.execute(sql).fetchall()

    def marts(self, key: str) -> Mapping[str, list[tuple[Any, ...]]]:
        return {
            mart: self.rows(f"select {columns} from kpi.{mart} where customer_id = '{key}' order by all")
            for mart, columns in MARTS.items()
        }

    def values(self, key: str, kpi: str) -> dict[str, tuple[Any, ...]]:
        found = self.rows(
            "select account_id, value, status, left_out_reason from kpi.kpi_values "
            f"where customer_id = '{key}' and kpi = '{kpi}'"
        )
        return {row[0]: row[1:] for row in found}

    def record(self, key: str, as_of: datetime, computed: timedelta) -> None:
        """A build at `as_of` that computed so long after it."""
        self.build(as_of, key, strict=False)
        at = (as_of + computed).replace(tzinfo=None)
        self.rows(
            f"update kpi.kpi_daily set computed_at = '{at}' where customer_id = '{key}' "
            f"and as_of_date = '{as_of:%Y-%m-%d}' and computed_at > as_of + interval 1 day"
        )


@pytest.fixture
def world(configuration: Configuration, dashboard_engine: sa.Engine) -> World:
    return World(configuration, dashboard_engine)


def valid_at(rows: Sequence[Row], at: datetime) -> Mapping[str, Row]:
    """Account → its version with `_fivetran_start ≤ t < coalesce(_fivetran_end, ∞)`."""
    at = at.replace(tzinfo=None)
    return {
        row["id"]: row
        for row in rows
        if row["_fivetran_start"] <= at and (row["_fivetran_end"] is None or at < row["_fivetran_end"])
    }


def test_fields_hold_what_the_version_valid_then_says(world: World) -> None:
    world.build(T, "hist")
    known = valid_at(world.history, T)
    assert 0 < len(known) < len(ACCOUNTS)
    for kpi, field in (("nps", "nps_score_c"), ("adoption_index", "adoption_score_c")):
        expected = {
            one: (None, "no_data", "not known at as_of")
            if one not in known
            else (known[one][field], "ok" if known[one][field] is not None else "no_data", None)
            for one in ACCOUNTS
        }
        assert world.values("hist", kpi) == expected
    risks = world.values("hist", "churn_risk")
    for one in ACCOUNTS:
        if one not in known:
            assert risks[one] == (None, "no_data", "not known at as_of")
        elif known[one]["churn_risk_score_c"] is not None:
            assert risks[one] == (known[one]["churn_risk_score_c"], "ok", None)
    crm = dict(world.rows("select account_id, crm_health_score from kpi.account_health_score"))
    assert crm == {one: known[one]["health_score_c"] if one in known else None for one in ACCOUNTS}


def test_without_versions_and_records_no_field_is_known(world: World) -> None:
    world.build(T, "plain", "risky")
    nothing = (None, "no_data", "not known at as_of")
    for kpi in ("nps", "adoption_index"):
        assert set(world.values("plain", kpi).values()) == {nothing}
    assert set(world.values("risky", "churn_risk").values()) == {nothing}
    # Without such a field the risk is computed from what is known: answers and tickets, not logins.
    assert {status for _, status, _ in world.values("plain", "churn_risk").values()} <= {"ok", "no_data"}
    assert world.rows(
        "select distinct inactivity_risk, relationship_risk from kpi.account_churn_risk "
        "where customer_id = 'plain'"
    ) == [(None, None)]
    rates = world.values("plain", "support_ticket_rate")
    assert set(rates.values()) == {nothing}


def test_no_value_of_then_moves_with_what_came_later(world: World) -> None:
    """Every row with an event at or after t, every version that begins after t, and every current field."""
    keys = ("plain", "hist", "risky")
    world.build(T, *keys)
    before = {key: world.marts(key) for key in keys}
    rng = random.Random(3)
    world.after = events(rng, T.replace(tzinfo=None), datetime(2026, 9, 1))
    world.plain = [{**row, **fields(rng)} for row in world.plain]
    # A version that still was valid has one form of its end or another: when it ended came later.
    world.history = [
        {**row, **fields(rng)} if row["_fivetran_start"] > T.replace(tzinfo=None) else row
        for row in world.history
    ]
    world.land()
    world.build(T, *keys)
    assert {key: world.marts(key) for key in keys} == before


def test_a_value_that_a_run_recorded_within_a_week_and_a_day_is_known(world: World) -> None:
    nps = {one["id"]: one["nps_score_c"] for one in world.plain}
    world.record("risky", T - timedelta(days=6), timedelta(hours=23))
    world.plain = [{**row, **fields(random.Random(9))} for row in world.plain]
    world.land()
    world.build(T, "risky")
    assert {one: value for one, (value, _, _) in world.values("risky", "nps").items()} == nps
    assert {reason for _, _, reason in world.values("risky", "nps").values()} == {None}
    # Eight days later it is not.
    world.build(T + timedelta(days=2), "risky")
    assert {status for _, status, _ in world.values("risky", "nps").values()} == {"no_data"}


def test_a_value_that_was_computed_later_is_not_known_and_does_not_hide_one_that_is(world: World) -> None:
    day = T - timedelta(days=1)
    nps = {one["id"]: one["nps_score_c"] for one in world.plain}
    world.record("plain", day, timedelta(hours=1))
    world.plain = [{**row, "nps_score_c": -100.0} for row in world.plain]
    world.land()
    world.build(day, "plain", strict=False)
    world.build(day, "plain", strict=False)
    kept = world.rows(
        "select value, count(distinct computed_at), count(*) from kpi.kpi_daily where kpi = 'adoption_index' "
        "and customer_id = 'plain' group by account_id, value"
    )
    assert {row[1:] for row in kept} == {(2, 2)}
    world.build(T, "plain")
    assert {one: value for one, (value, _, _) in world.values("plain", "nps").items()} == nps
    newest = explain(world.configuration, world.engine, "plain", ACCOUNTS[0], "nps", day)
    assert newest.value == -100
    # A build within a day replaces both.
    world.rows("update kpi.kpi_daily set computed_at = computed_at - interval 400 day")
    world.build(T, "plain")
    assert {reason for _, _, reason in world.values("plain", "nps").values()} == {None}


def test_coverage_leaves_out_what_was_known_for_nobody(world: World) -> None:
    world.build(T, "plain")
    shares = {"csat": 0.12, "executive_engagement": 0.16, "revenue": 0.24, "churn_risk": 0.06}
    possible = sum(shares.values())
    for one, coverage in world.rows("select account_id, coverage from kpi.account_health_score"):
        known = {
            kpi
            for kpi in ("csat", "executive_engagement", "churn_risk")
            if world.values("plain", kpi)[one][0] is not None
        }
        assert coverage == pytest.approx(sum(shares[kpi] for kpi in known) / possible, abs=1e-9)


def test_a_strict_build_of_the_present_is_the_ordinary_one(world: World) -> None:
    now = datetime.now(UTC)
    world.build(now, "hist", "risky", strict=False)
    ordinary = {key: world.marts(key) for key in ("hist", "risky")}
    world.build(now, "hist", "risky", strict=True)
    assert {key: world.marts(key) for key in ("hist", "risky")} == ordinary


def test_an_explanation_says_that_a_field_was_not_known(world: World) -> None:
    world.build(T, "plain")
    found = explain(world.configuration, world.engine, "plain", ACCOUNTS[0], "nps")
    assert (found.value, found.status, found.counted) == (None, "no_data", 0)
