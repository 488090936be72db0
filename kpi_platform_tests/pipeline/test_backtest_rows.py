# Long: the outcomes, written a second time from the contract, and the rows they are compared on.
"""The rows of a back-test against plain Python, written from backtest.md."""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.domain.backtest.rows import BacktestRows, Outcome
from kpi_platform.domain.backtest.spec import BacktestSpec
from kpi_platform.domain.errors import Conflict
from kpi_platform.pipeline.backtest import instants
from kpi_platform.pipeline.backtest import rows as computing
from kpi_platform.pipeline.backtest.rows import backtest_rows
from kpi_platform.pipeline.build import build_kpis
from kpi_platform.pipeline.customer_rows import left_instants
from kpi_platform_tests.pipeline.landing import account, customer

GRACE = timedelta(days=60)
DAY = timedelta(days=1)
HORIZON, GAP = 150, 20
FIRST, LAST = datetime(2024, 6, 1, tzinfo=UTC), datetime(2025, 10, 1, tzinfo=UTC)
FOREVER = datetime(9999, 12, 31)
_TYPES = {
    "DATE": {"close_date", "contract_start_date_c", "contract_end_date_c", "churn_date_c"},
    "BOOLEAN": {"is_won", "is_closed", "is_deleted", "_fivetran_active"},
    "DOUBLE": {"amount", "nps_score_c", "satisfaction_rating_c"},
    "TIMESTAMP": {"created_date", "_fivetran_start", "_fivetran_end", "opened_at", "resolved_at"},
}

Row = dict[str, Any]


@dataclass
class Source:
    """The landed rows of one customer."""

    account: list[Row] = field(default_factory=list)
    opportunity: list[Row] = field(default_factory=list)
    case: list[Row] = field(default_factory=list)
    incident: list[Row] = field(default_factory=list)


def grown(seed: int, *, ledger: bool, history: bool) -> Source:
    """Accounts that buy, renew early and late, leave, come back, are retyped and deleted."""
    rng = random.Random(seed)
    source = Source()
    for number in range(24):
        one = account(number, created_date=datetime(2024, 1, 1) + rng.randint(0, 300) * DAY)
        identity = one["id"]
        at = date(2024, 1, 1) + rng.randint(0, 300) * DAY
        for turn in range(4):
            end = at + timedelta(days=rng.choice([180, 364, 364]))
            renews = turn > 0
            deal = {
                "id": f"006{number:06}{turn:06}AAA", "account_id": identity, "is_deleted": False,
                "type": "Renewal" if renews else "New Business", "amount": float(rng.randint(1, 9) * 1000),
                "is_won": True, "is_closed": True, "close_date": at,
            }  # fmt: skip
            if ledger:
                deal |= {"contract_start_date_c": at, "contract_end_date_c": end}
            source.opportunity.append(deal)
            after = rng.choice(["early", "late", "late", "gone", "back", "lost"])
            if after in ("gone", "lost"):
                if after == "lost":
                    lost = end + rng.randint(-20, 20) * DAY
                    source.opportunity.append(
                        deal
                        | {"id": deal["id"].replace("006", "007", 1), "is_won": False, "type": "Renewal",
                           "close_date": lost}
                    )  # fmt: skip
                break
            at = (
                end + DAY + rng.randint(*{"early": (-20, 0), "late": (1, 50), "back": (70, 200)}[after]) * DAY
            )
        one |= {
            "churn_date_c": rng.choice([None, None, None, at + rng.randint(-90, 90) * DAY]),
            "is_deleted": rng.random() < 0.15,
            "type": rng.choice(["Customer", "Customer", "Customer", "Former Customer"]),
        }
        versions = [one]
        if history:
            turns = sorted(rng.sample(range(600), 3))
            bounds = [datetime(2024, 2, 1) + turn * DAY for turn in turns]
            versions = [
                one
                | {"type": rng.choice(["Customer", "Customer", "Prospect"]), "_fivetran_start": begin,
                   "_fivetran_end": until, "_fivetran_active": until == FOREVER,
                   "nps_score_c": float(rng.randint(-100, 100))}
                for begin, until in zip(bounds, [*bounds[1:], FOREVER], strict=True)
            ]  # fmt: skip
        source.account += versions
        for turn in range(30):
            opened = datetime(2024, 1, 1) + timedelta(seconds=rng.randrange(65_000_000))
            source.case.append(
                {"id": f"500{number:06}{turn:06}AAA", "account_id": identity, "created_date": opened,
                 "is_deleted": False, "satisfaction_rating_c": float(rng.randint(1, 5))}
            )  # fmt: skip
            source.incident.append(
                {"sys_id": f"{number}_{turn}", "opened_at": opened, "u_customer_account_id": identity,
                 "resolved_at": opened + rng.randint(1, 300) * timedelta(hours=1), "state": "6"}
            )  # fmt: skip
    return source


@dataclass
class World:
    configuration: Configuration
    engine: sa.Engine
    sources: dict[str, Source]

    def land(self) -> None:
        with duckdb_file.connect(self.configuration.warehouse_file) as warehouse:
            for key, source in self.sources.items():
                for name in ("account", "opportunity", "case"):
                    _land(warehouse, f"{key}_sf", name, getattr(source, name))
                _land(warehouse, f"{key}_sn", "incident", source.incident)

    def rows(self, key: str, folder: Any, spec: BacktestSpec | None = None) -> BacktestRows:
        return backtest_rows(self.configuration, self.engine, key, spec or SPEC, folder=folder)


SPEC = BacktestSpec(FIRST, LAST, every="2 months", horizon_days=HORIZON, gap_days=GAP)


def _land(warehouse: duckdb.DuckDBPyConnection, schema: str, name: str, rows: list[Row]) -> None:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    kinds = {key: next((kind for kind, names in _TYPES.items() if key in names), "VARCHAR") for key in keys}
    columns = ", ".join(f'cast("{key}" as {kinds[key]}) as "{key}"' for key in keys)
    texts = {key: [None if row.get(key) is None else str(row[key]) for row in rows] for key in keys}
    warehouse.execute(f'create schema if not exists "{schema}"')
    warehouse.register("landing", pa.table({key: pa.array(texts[key], pa.string()) for key in keys}))
    warehouse.execute(f'create or replace table "{schema}"."{name}" as select {columns} from landing')
    warehouse.unregister("landing")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("home")
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    sources = {
        "led": grown(1, ledger=True, history=False),
        "his": grown(2, ledger=False, history=True),
        "now": grown(3, ledger=False, history=False),
    }
    for key in sources:
        customer(configuration, engine, key, {"servicenow": {"enabled": True, "schema": f"{key}_sn"}})
    made = World(configuration, engine, sources)
    made.land()
    yield made
    engine.dispose()


@pytest.fixture(scope="module")
def found(world: World, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, BacktestRows]:
    return {key: world.rows(key, tmp_path_factory.mktemp(key) / "work") for key in world.sources}


def moment(day: date | datetime | None) -> datetime | None:
    if day is None:
        return None
    day = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)
    return day.replace(tzinfo=UTC)


@dataclass
class Line:
    id: str
    kind: str
    start: datetime
    end: datetime
    until: datetime
    arr: float
    ended_by: str | None = None


def lines_of(source: Source, identity: str) -> list[Line]:
    """revenue.md: a renewal ends every earlier line that none has ended, with |L.end − R.start| ≤ grace."""
    deals = [one for one in source.opportunity if one["account_id"] == identity and one["is_won"]]
    lines: list[Line] = []
    for deal in sorted(deals, key=lambda one: (one["close_date"], one["id"])):
        start, end = moment(deal["contract_start_date_c"]), moment(deal["contract_end_date_c"] + DAY)
        assert start is not None and end is not None
        months = {one: one for one in range(1, 13)}.get(
            (end.year - start.year) * 12 + end.month - start.month
        )
        whole = months is not None and end.day == start.day
        arr = 12 * deal["amount"] / months if whole and months else 365 * deal["amount"] / (end - start).days
        line = Line(deal["id"], deal["type"], start, end, end + GRACE, arr)
        if deal["type"] == "Renewal":
            for earlier in lines:
                if earlier.ended_by is None and abs(earlier.end - start) <= GRACE:
                    earlier.until, earlier.ended_by = start, line.id
        lines.append(line)
    return lines


def outcomes_of(source: Source, identity: str, as_of: datetime, *, ledger: bool) -> set[tuple[Any, ...]]:
    """Sources 1 to 4, and B5: the first that speaks, by distance to those taken."""
    candidates: list[tuple[int, datetime, str, str]] = []
    rows = [one for one in source.account if one["id"] == identity]
    left = moment(rows[-1].get("churn_date_c"))
    if left is not None:
        candidates.append((1, left, identity, "account"))
    decided = [
        (moment(one["close_date"]), one["is_won"], one["id"])
        for one in source.opportunity
        if one["account_id"] == identity and one["type"] == "Renewal"
    ]
    for closed, won, deal in decided:
        assert closed is not None
        saved = any(other and when and closed <= when <= closed + GRACE for when, other, _ in decided)
        if not won and not saved:
            candidates.append((2, closed, deal, "opportunity"))
    lines = lines_of(source, identity) if ledger else []
    runs: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: one.start):
        if runs and line.start <= max(one.until for one in runs[-1]):
            runs[-1].append(line)
        else:
            runs.append([line])
    for run in runs:
        if max(one.until for one in run) <= as_of:
            last = max(run, key=lambda one: (one.end, one.id))
            candidates.append((3, last.end, last.id, "recurring_revenue_lines"))
    counted = False
    for row in sorted(rows, key=lambda one: one.get("_fivetran_start") or FOREVER):
        counts = row["type"].startswith("Customer")
        if counted and not counts:
            candidates.append((4, row["_fivetran_start"].replace(tzinfo=UTC), identity, "account"))
        counted = counts
    taken: list[tuple[int, datetime, str, str]] = []
    for one in sorted(one for one in candidates if one[1] < as_of):
        if all(abs(one[1] - other[1]) > GRACE for other in taken):
            taken.append(one)

    def arr(at: datetime) -> float:
        return sum(one.arr for one in lines if one.start < at <= one.until)

    made = {
        ("churned", when, round(arr(when), 6) if ledger else None, 0.0 if ledger else None)
        for _, when, _, _ in taken
    }
    for line in lines:
        renewed = [one.arr for one in lines if one.ended_by == line.id]
        # "An outcome at or after `as_of` does not exist."
        if line.kind == "Renewal" and renewed and line.start < as_of:
            before = sum(renewed)
            kind = "renewed" if round(line.arr, 6) >= round(before, 6) else "contracted"
            made.add((kind, line.start, round(before, 6), round(line.arr, 6)))
    return made


def as_told(outcomes: tuple[Outcome, ...], identity: str) -> set[tuple[Any, ...]]:
    def plain(value: float | None) -> float | None:
        return None if value is None else round(value, 6)

    return {
        (one.outcome, one.outcome_date, plain(one.arr_before), plain(one.arr_after))
        for one in outcomes
        if one.account_id == identity
    }


IDENTITIES = [account(number)["id"] for number in range(24)]


@pytest.mark.parametrize("key", ["led", "his", "now"])
def test_outcomes_are_those_of_the_four_sources(
    world: World, found: Mapping[str, BacktestRows], key: str
) -> None:
    rows = found[key]
    kinds = {one.outcome for one in rows.outcomes}
    assert kinds == ({"churned", "renewed", "contracted"} if key == "led" else {"churned"})
    for identity in IDENTITIES:
        expected = outcomes_of(world.sources[key], identity, rows.as_of, ledger=key == "led")
        assert as_told(rows.outcomes, identity) == expected, identity


def expected_label(history: Any, t: datetime, *, stays: bool) -> float | None:
    begin, end = t + timedelta(days=GAP), t + timedelta(days=GAP + HORIZON)
    churned = sorted(one[1] for one in history if one[0] == "churned")
    if any(t <= when < begin for when in churned):
        return None
    if any(begin <= when < end for when in churned):
        return 1.0
    return 0.0 if stays or any(one[0] != "churned" and t <= one[1] < end for one in history) else None


def test_the_population_with_a_ledger_is_who_paid_then_whatever_became_of_it(
    world: World, found: Mapping[str, BacktestRows]
) -> None:
    rows, source = found["led"], world.sources["led"]
    times = rows.account_times
    told = {
        (one, t.astype(datetime).replace(tzinfo=UTC)): (arr, None if math.isnan(label) else label)
        for one, t, arr, label in zip(times.account_id, times.t, times.arr, times.label, strict=True)
    }
    expected = {}
    for identity in IDENTITIES:
        outcomes = outcomes_of(source, identity, rows.as_of, ledger=True)
        lines = lines_of(source, identity)
        for t in SPEC.instants(rows.as_of):
            # Only lines with close_date < t are known at t, and take part in ending each other.
            day = t.replace(tzinfo=None).date()
            known = Source(opportunity=[one for one in source.opportunity if one["close_date"] < day])
            arr = sum(one.arr for one in lines_of(known, identity) if one.start <= t < one.until)
            left = [one[1] for one in outcomes if one[0] == "churned" and one[1] <= t]
            if arr > 0 and not (left and not any(max(left) < one.start <= t for one in lines)):
                end = t + timedelta(days=GAP + HORIZON)
                stays = any(one.start <= end < one.until for one in lines)
                expected[identity, t] = (
                    pytest.approx(arr, rel=1e-9),
                    expected_label(outcomes, t, stays=stays),
                )
    assert told == expected
    leavers = {one["id"] for one in source.account if one["is_deleted"] or one["type"] != "Customer"}
    assert leavers & set(times.account_id)
    assert not rows.survivorship


def test_the_population_with_history_is_who_counted_then(
    world: World, found: Mapping[str, BacktestRows]
) -> None:
    rows, source = found["his"], world.sources["his"]
    told = {
        (one, t.astype(datetime).replace(tzinfo=UTC)): None if math.isnan(label) else label
        for one, t, label in zip(
            rows.account_times.account_id, rows.account_times.t, rows.account_times.label, strict=True
        )
    }

    def counts(identity: str, at: datetime) -> bool:
        at = at.replace(tzinfo=None)
        return any(
            one["_fivetran_start"] <= at < one["_fivetran_end"] and one["type"] == "Customer"
            for one in source.account
            if one["id"] == identity
        )

    expected = {}
    for identity in IDENTITIES:
        versions = [one for one in source.account if one["id"] == identity]
        outcomes = outcomes_of(source, identity, rows.as_of, ledger=False)
        began = [moment(one["_fivetran_start"]) for one in versions if one["type"] == "Customer"]
        for t in SPEC.instants(rows.as_of):
            left = [one[1] for one in outcomes if one[1] <= t]
            back = left and any(max(left) < one <= t for one in began if one)
            if (
                counts(identity, t)
                and versions[0]["created_date"] <= t.replace(tzinfo=None)
                and (not left or back)
            ):
                begin, end = t + timedelta(days=GAP), t + timedelta(days=GAP + HORIZON)
                won = any(
                    one["type"] == "Renewal"
                    and one["is_won"]
                    and begin.date() <= one["close_date"] < end.date()
                    for one in source.opportunity
                    if one["account_id"] == identity
                )
                expected[identity, t] = expected_label(outcomes, t, stays=won or counts(identity, end))
    assert told == expected
    assert (rows.survivorship, rows.arr_known, rows.not_known) == (False, False, ())
    assert not all(math.isnan(one) for one in rows.account_times.inputs["nps"])


def test_without_ledger_and_history_leavers_are_missing(found: Mapping[str, BacktestRows]) -> None:
    rows = found["now"]
    assert rows.survivorship
    assert rows.not_known == ("nps",)
    assert all(math.isnan(one) for one in rows.account_times.inputs["nps"])


def seen(rows: BacktestRows) -> dict[str, tuple[Any, ...]]:
    times = rows.account_times
    columns = (times.arr, times.score, times.churn_risk, times.crm_health_score, *times.inputs.values())
    return {
        one: tuple("unknown" if math.isnan(column[place]) else column[place] for column in columns)
        for place, one in enumerate(times.account_id)
    }


def test_nothing_of_an_instant_moves_with_what_came_later(world: World, tmp_path: Any) -> None:
    """Every row with an event at or after t, every current field, and every version that begins after t."""
    t = datetime(2025, 4, 1, tzinfo=UTC)
    at = t.replace(tzinfo=None)
    spec = BacktestSpec(t, t, horizon_days=HORIZON)
    before = {key: seen(world.rows(key, tmp_path / key, spec)) for key in world.sources}
    assert all(len(one) > 4 for one in before.values())
    kept = dict(world.sources)
    rng = random.Random(5)
    for key, source in kept.items():
        accounts = [
            one
            if "_fivetran_start" in one and one["_fivetran_start"] <= at
            else one
            | {
                "nps_score_c": -100.0,
                **({"type": rng.choice(["Prospect", "Customer"])} if key != "now" else {}),
            }
            | ({"is_deleted": rng.random() < 0.5} if key == "led" else {})
            for one in source.account
        ]
        world.sources[key] = Source(
            accounts,
            [one if one["close_date"] < t.date() else one | {"amount": 1.0, "is_won": True}
             for one in source.opportunity],
            [one if one["created_date"] < at else one | {"satisfaction_rating_c": 1.0}
             for one in source.case],
            [one if one["opened_at"] < at else one | {"resolved_at": None} for one in source.incident],
        )  # fmt: skip
    try:
        world.land()
        after = {key: seen(world.rows(key, tmp_path / key, spec)) for key in world.sources}
    finally:
        world.sources.update(kept)
        world.land()
    assert after == before


def test_it_goes_on_where_it_was_ended_and_leaves_nothing_behind(
    world: World, found: Mapping[str, BacktestRows], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "WITH_TURNS", 3)
    asked: list[int] = []

    def end_it() -> bool:
        asked.append(1)
        return len(asked) > 1

    folder = tmp_path / "work"
    with pytest.raises(Conflict, match="cancelled"):
        backtest_rows(world.configuration, world.engine, "led", SPEC, folder=folder, is_cancelled=end_it)
    assert len(list(folder.iterdir())) == 1
    told: list[tuple[int, str]] = []
    again = backtest_rows(
        world.configuration, world.engine, "led", SPEC, folder=folder,
        on_progress=lambda done, total, text: told.append((done, text)),
    )  # fmt: skip
    assert seen(again) == seen(found["led"])
    # The first three instants were there: no model was computed for them.
    place = next(index for index, (done, _) in enumerate(told) if done == 3)
    assert all(text.startswith(("Reading", "Computing")) for _, text in told[: place + 1])
    assert not folder.exists()
    assert rows_left(world) == []


def test_what_a_killed_one_has_left_goes_with_the_next(
    world: World, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(instants, "erase_customer_rows", killed)
        with pytest.raises(RuntimeError):
            world.rows("now", tmp_path / "first", BacktestSpec(FIRST, FIRST, horizon_days=HORIZON))
    assert left_instants(world.configuration, "now")
    assert rows_left(world)
    world.rows("now", tmp_path / "second", BacktestSpec(LAST, LAST, horizon_days=HORIZON))
    assert left_instants(world.configuration, "now") == ()
    assert rows_left(world) == []


def rows_left(world: World) -> list[str]:
    """The marts of the scratch schema that have rows."""
    with duckdb_file.connect(world.configuration.warehouse_file) as warehouse:
        marts = warehouse.execute(
            "select table_name from information_schema.tables where table_schema = 'kpi_preview'"
        ).fetchall()
        return [
            name
            for (name,) in marts
            if warehouse.execute(f'select count(*) from kpi_preview."{name}"').fetchone() != (0,)
        ]


def test_before_its_first_account_a_customer_has_no_rows(
    world: World, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "WITH_TURNS", 1)
    early = BacktestSpec(FIRST.replace(year=2020), FIRST, every="48 months", horizon_days=HORIZON)
    times = world.rows("led", tmp_path / "work", early).account_times
    assert {one.astype(datetime) for one in times.t} == {FIRST.replace(tzinfo=None)}


def test_what_the_dashboard_shows_stays(world: World, tmp_path: Any) -> None:
    build_kpis(world.configuration, world.engine, ["led"], datetime.now(UTC))

    def marts() -> dict[str, Any]:
        with duckdb_file.connect(world.configuration.warehouse_file) as warehouse:
            names = warehouse.execute(
                "select table_name from information_schema.tables where table_schema = 'kpi'"
            ).fetchall()
            return {
                name: warehouse.execute(f'from kpi."{name}" order by all').fetchall() for (name,) in names
            }

    before = marts()
    assert before["account_outcomes"]
    world.rows("led", tmp_path / "work", BacktestSpec(FIRST, FIRST, horizon_days=HORIZON))
    assert marts() == before
