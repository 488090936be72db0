"""Customers that are matched and loaded together end up as those that are alone, with fewer statements."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.dashboard.load_holds import open_hold
from kpi_platform.dashboard.matches import list_matches
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.domain.errors import LoadHeld, LoadRefused
from kpi_platform.domain.kpis import KPIS
from kpi_platform.pipeline.batch_marts import batch_marts
from kpi_platform.pipeline.load import LoadReport, load_together, write
from kpi_platform.pipeline.match import match_together
from kpi_platform.pipeline.threshold_alerts import tell_crossings
from kpi_platform_tests.pipeline.desk import T1, T2, Desk, acme, zeta
from kpi_platform_tests.pipeline.kills import stored
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.marts import MartAccount, write_marts
from kpi_platform_tests.pipeline.matching import match_accounts

KEYS = ("acme", "bolt", "core")


class Desks:
    """The dashboards of several customers in one database."""

    def __init__(self, configuration: Configuration, engine: sa.Engine, keys: Sequence[str] = KEYS) -> None:
        self.configuration, self.engine, self.keys = configuration, engine, keys
        self.desks = {key: Desk(configuration, engine, key) for key in keys}

    def write(self, as_of: datetime, accounts: Mapping[str, Iterable[MartAccount]]) -> None:
        for key, some in accounts.items():
            write_marts(self.configuration, key, as_of, some)

    def together(self, as_of: datetime, **options: Any) -> list[LoadReport | LoadHeld]:
        marts = batch_marts(self.configuration, self.engine, self.keys)[self.keys[0]]
        match_together(self.configuration, self.engine, self.keys, as_of, marts=marts)
        return load_together(self.configuration, self.engine, self.keys, as_of, marts=marts, **options)

    def one_by_one(self, as_of: datetime, **options: Any) -> list[LoadReport]:
        for key in self.keys:
            match_accounts(self.configuration, self.engine, key, as_of)
        return [load_dashboard(self.configuration, self.engine, key, as_of, **options) for key in self.keys]

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """What loads and matchings write, without clock times and numbers of accounts."""
        with self.engine.connect() as connection:
            matches = [
                (key, one.source_account_id, one.decision, one.method, one.loaded, one.account_name)
                for key in self.keys
                for one in list_matches(connection, key, limit=1000)
            ]
        return stored(self.desks[self.keys[0]]) | {"matches": sorted(matches)}


@pytest.fixture
def desks(configuration: Configuration, any_dashboard_engine: sa.Engine) -> Desks:
    return Desks(configuration, any_dashboard_engine)


@pytest.fixture
def twins(configuration: Configuration) -> Iterator[Desks]:
    """The same customers in a database of their own."""
    engine = open_engine(f"sqlite:///{configuration.home / 'twins.db'}")
    upgrade(engine)
    yield Desks(configuration, engine)
    engine.dispose()


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """What SQLAlchemy executes in the block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", note)


def some_accounts(dice: random.Random, key: str) -> list[MartAccount]:
    """Some of twenty accounts, each with some values, of which some are as always."""
    return [
        MartAccount(
            f"{key}{n}", f"{key} Works {n}",
            {kpi: dice.choice([float(n), dice.random(), "no_data"]) for kpi in dice.sample(list(KPIS), 5)},
            {"region": dice.choice(["France", "Chile"])},
            {"health_score": float(dice.randrange(3))},
        )
        for n in range(20)
        if dice.random() < 0.9
    ]  # fmt: skip


@pytest.mark.parametrize("at_once", [50_000, 7])
def test_together_or_alone_the_same_is_stored(
    desks: Desks, twins: Desks, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(write, "AT_ONCE", at_once)
    dice = random.Random(7)
    earlier: dict[str, list[MartAccount]] = {}
    # Forwards; the same again; what is older than what is shown; replacing.
    for hours, mode in enumerate(["upsert", "upsert", "replace", "upsert", "replace", "upsert"]):
        as_of = T1 + timedelta(hours=1 if hours == 3 else 2 * hours)
        accounts = {
            key: earlier[key] if key in earlier and dice.random() < 0.3 else some_accounts(dice, key)
            for key in KEYS
        }
        desks.write(as_of, accounts)
        ours = desks.together(as_of, update_mode=mode)
        theirs = twins.one_by_one(as_of, update_mode=mode)
        assert [without_seconds(one) for one in ours] == [without_seconds(one) for one in theirs]
        assert desks.everything() == twins.everything()
        earlier = accounts


def test_matching_and_loading_ask_for_settings_once_each(desks: Desks) -> None:
    desks.write(T1, {key: [acme(40)] for key in KEYS})
    marts = batch_marts(desks.configuration, desks.engine, KEYS)["acme"]
    with statements(desks.engine) as seen:
        match_together(desks.configuration, desks.engine, KEYS, T1, marts=marts)
        for report in load_together(desks.configuration, desks.engine, KEYS, T1, marts=marts):
            assert isinstance(report, LoadReport)
            tell_crossings(desks.configuration, desks.engine, report, run_id=None)
    assert len([one for one in seen if "customer_settings_versions" in one]) == 2


def without_seconds(report: LoadReport | LoadHeld) -> dict[str, Any]:
    assert isinstance(report, LoadReport)
    names = [name for name in LoadReport.__slots__ if name != "seconds"]
    return {name: getattr(report, name) for name in names}


def test_uploads_that_are_written_together_end_when_all_is_written(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[datetime] = []
    store = write.store_definitions
    monkeypatch.setattr(
        write, "store_definitions", lambda *of: (store(*of), written.append(datetime.now(UTC)))
    )
    desks.write(T1, {key: [acme(), zeta()] for key in KEYS})
    desks.together(T1)
    with desks.engine.connect() as connection:
        uploads = [one for key in KEYS for one in list_uploads(connection, key)]
    [end] = {one.finished_at for one in uploads}
    assert max(one.started_at for one in uploads) < written[0] <= end


def test_where_one_may_not_be_loaded_nothing_is(desks: Desks) -> None:
    desks.desks["bolt"].settings(
        error_handling={"on_missing_account": "error"},
        salesforce={"schema": "bolt_salesforce"},
        servicenow={"schema": "bolt_servicenow"},
    )
    desks.write(T1, {key: [acme(), zeta()] for key in KEYS})
    with pytest.raises(LoadRefused, match="'bolt' have no match"):
        desks.together(T1)
    assert desks.everything()["kpi_uploads"] == []


def test_a_load_that_would_do_harm_waits_while_the_others_go_in(desks: Desks) -> None:
    many = [MartAccount(f"001{n:03}", f"Works {n}", {"nps": 40.0}) for n in range(20)]
    desks.write(T1, dict.fromkeys(KEYS, many))
    desks.together(T1)
    desks.write(T2, {key: many[:4] if key == "bolt" else many for key in KEYS})
    first, held, last = desks.together(T2)
    assert isinstance(held, LoadHeld)
    assert held.details["customer"] == "bolt"
    assert isinstance(first, LoadReport) and isinstance(last, LoadReport)
    assert [first.version, last.version] == [2, 2]
    with desks.engine.connect() as connection:
        assert [key for key in KEYS if open_hold(connection, key)] == ["bolt"]
    desks.write(T2, {"bolt": many})
    released = desks.together(T2)[1]
    assert isinstance(released, LoadReport) and released.version == 2
    with desks.engine.connect() as connection:
        assert open_hold(connection, "bolt") is None


def test_more_customers_are_not_more_statements(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    counted = []
    for size in (2, 6):
        desks = Desks(configuration, sqlite_engine, [f"c{size}{n}" for n in range(size)])
        for as_of, nps in ((T1, 40.0), (T2, 41.0)):
            desks.write(as_of, {key: [acme(nps), zeta()] for key in desks.keys})
            with statements(sqlite_engine) as seen:
                desks.together(as_of)
            counted.append(len(seen))
    first, later, first_of_more, later_of_more = counted
    assert (first, later) == (first_of_more, later_of_more)
