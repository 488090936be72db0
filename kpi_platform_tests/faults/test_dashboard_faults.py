"""The dashboard database fails before, during and after a load: nothing is lost, doubled or half there."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import remove_customer
from kpi_platform.domain.errors import Damaged, UnknownCustomer
from kpi_platform_tests.pipeline.desk import T1, T2, Desk, acme, zeta
from kpi_platform_tests.pipeline.kills import PHASES
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.marts import MartAccount


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """A full disk: writing past `size` bytes of any file fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def many(nps: float) -> list[MartAccount]:
    return [MartAccount(f"001{n:05}", f"Works {n}", {"nps": nps, "csat": 4.0}) for n in range(400)]


def test_a_full_disk_fails_the_load_and_leaves_everything_as_it_was(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    desk = Desk(configuration, sqlite_engine)
    desk.load(T1, many(1))
    desk.marts(T2, many(2))
    before = desk.everything()
    file = Path(str(sqlite_engine.url.database))
    largest = max(one.stat().st_size for one in file.parent.glob(f"{file.name}*"))
    with no_file_beyond(largest), pytest.raises(Damaged, match=r"dashboard\.db cannot be"):
        load_dashboard(configuration, sqlite_engine, "acme", T2)
    assert desk.everything() == before
    assert load_dashboard(configuration, sqlite_engine, "acme", T2).kpis_updated == 400


@pytest.mark.postgres
@pytest.mark.parametrize("phase", PHASES)
def test_a_lost_connection_takes_the_whole_load_back_and_the_next_goes_through(
    configuration: Configuration, postgres_engine: sa.Engine, phase: str
) -> None:
    desk = Desk(configuration, postgres_engine)
    desk.load(T1, [acme(nps=1), zeta()])
    desk.marts(T2, [acme(nps=2), zeta(5)])
    before = desk.everything()
    others = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    killer = sa.create_engine(postgres_engine.url, isolation_level="AUTOCOMMIT")
    lost: list[str] = []

    def end_connections(now: str, _done: int, _total: int) -> None:
        if now == phase and not lost:
            lost.append(now)
            with killer.connect() as connection:
                connection.execute(others)

    def load() -> None:
        load_dashboard(configuration, postgres_engine, "acme", T2, on_progress=end_connections)

    if phase == "read":
        # Nothing has begun yet: a new connection is made.
        load()
    else:
        with pytest.raises(sa.exc.OperationalError):
            load()
        assert desk.everything() == before
        load_dashboard(configuration, postgres_engine, "acme", T2)
    killer.dispose()
    assert desk.values()["Acme Corporation", "nps"] == 2
    after = desk.everything()
    # The answer of the commit was lost, say, and the step is repeated.
    assert load_dashboard(configuration, postgres_engine, "acme", T2).version == 2
    assert desk.everything() == after


def test_a_customer_removed_while_its_run_is_under_way_gets_no_load(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    desk = Desk(configuration, sqlite_engine)
    desk.load(T1, [acme(), zeta()])
    desk.marts(T2, [acme(nps=2), zeta()])
    before = desk.everything()

    removed: list[str] = []

    def remove(_phase: str, _done: int, _total: int) -> None:
        if not removed:
            removed.append("acme")
            with sqlite_engine.begin() as connection:
                remove_customer(connection, "acme")

    with pytest.raises(UnknownCustomer):
        load_dashboard(configuration, sqlite_engine, "acme", T2, on_progress=remove)
    assert desk.everything() == before
