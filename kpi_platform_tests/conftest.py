"""Fixtures that every room shares: a configuration, dashboard databases, a real PostgreSQL server."""

import gc
import os
import shutil
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa

from kpi_platform.adapters import checked_versions
from kpi_platform.adapters.checked_versions import CHECKED
from kpi_platform.adapters.fivetran_http import FivetranHttp
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database
from kpi_platform.local import server
from kpi_platform.process import tune_memory
from kpi_platform_tests.local import recording
from kpi_platform_tests.order import order
from kpi_platform_tests.postgres import PostgresServer

# How long an example takes says more about what else the machine does than about the code.
hypothesis.settings.register_profile("kpi_platform", deadline=None)
hypothesis.settings.load_profile("kpi_platform")

if "KPI_TEST_NEWEST" in os.environ:
    # `make test-newest`: the patches are tried with the versions that are installed.
    checked_versions.CHECKED = {name: (*checked, version(name)) for name, checked in CHECKED.items()}

# What is imported is not looked through for garbage any more; what tests make is, in large portions.
gc.disable()


@sa.event.listens_for(sa.Pool, "checkout")
def _wait_for_no_disk(connection: object, *_: object) -> None:
    """Tests kill processes, but cut no power: SQLite need not wait until the disk has what they write."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


def pytest_collection_finish() -> None:
    gc.freeze()
    tune_memory()
    gc.enable()


def pytest_unconfigure() -> None:
    # At its end the process looks for what DuckDB's library has left, and says so at length.
    gc.unfreeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that take minutes run in `make test-slow`; what they test has a shorter test in `make test`."""
    for item in items:
        if item.get_closest_marker("slow") and "KPI_SLOW_TESTS" not in os.environ:
            item.add_marker(pytest.mark.skip(reason="slow: make test-slow runs it"))
    items.sort(key=order)


SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The specification and the real data, beside the checkout. Tests that need it skip if it is not."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def _recorded_requests() -> Iterator[None]:
    """What the platform's client asks of the local Fivetran is recorded, whoever starts it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "create_app", recording.recorded(server.create_app))
        yield


@pytest.fixture(autouse=True)
def _requests_as_fivetran_defines_them(_recorded_requests: None) -> Iterator[None]:
    """Fails the test during which the platform's client asked for something that Fivetran does not define."""
    yield
    assert recording.problems(SHARED) == []


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """The embedded default in an empty home; nothing of the machine's environment."""
    return Configuration.from_environment({"KPI_PLATFORM_HOME": str(tmp_path / "home")})


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that Fivetran does not answer are made again at once. The pauses themselves: adapters/."""
    monkeypatch.setattr(FivetranHttp, "_pause", lambda *_: 0.0)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One PostgreSQL server for this process, on a free TCP port."""
    with PostgresServer.start(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dashboard database with its schema, empty: copied for each test, to migrate it anew takes longer."""
    file = tmp_path_factory.mktemp("sqlite") / "empty.db"
    _make(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def empty_postgres(postgres_server: PostgresServer) -> str:
    """The name of the same on PostgreSQL."""
    _make(postgres_server.create("empty"))
    return "empty"


def _make(url: str) -> None:
    engine = database.open_engine(url)
    database.upgrade(engine)
    engine.dispose()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database of its own: `postgresql+psycopg://…`."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def sqlite_engine(configuration: Configuration, empty_sqlite: Path) -> Iterator[sa.Engine]:
    """The dashboard database of `configuration`, with its schema, empty."""
    engine = database.open_engine(configuration.dashboard_database_url)
    shutil.copy(empty_sqlite, str(engine.url.database))
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_engine(postgres_server: PostgresServer, empty_postgres: str) -> Iterator[sa.Engine]:
    """A dashboard database on PostgreSQL, with its schema, empty."""
    with postgres_server.database(template=empty_postgres) as url:
        engine = database.open_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def dashboard_engine(sqlite_engine: sa.Engine) -> sa.Engine:
    """The dashboard database of a test that does not care which one it is."""
    return sqlite_engine


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_dashboard_engine(request: pytest.FixtureRequest) -> sa.Engine:
    """The test runs once on SQLite and once on PostgreSQL."""
    name = "sqlite_engine" if request.param == "sqlite" else "postgres_engine"
    engine: sa.Engine = request.getfixturevalue(name)
    return engine
