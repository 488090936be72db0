"""The web app on a dashboard database that was damaged while it ran."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kpi_platform.dashboard.database import open_dashboard, require_current_schema
from kpi_platform_tests.web.conftest import Web, web  # noqa: F401


def _garbage(file: Path) -> None:
    file.write_bytes(os.urandom(8192))


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _without_tables(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table t (n)")
        connection.execute("drop table t")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "garbage": (_garbage, "is damaged"),
    "empty": (_empty, "is empty, although it was in use before"),
    "without tables": (_without_tables, "is empty, although it was in use before"),
    "gone": (Path.unlink, "is gone"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_it_is_not_ready_and_pages_say_why(web: Web, name: str) -> None:  # noqa: F811
    damage, words = DAMAGES[name]
    browser = web.signed_in("acme")
    assert browser.get("/readyz").status_code == 200
    # As at the start of the app, which notes that the database was made.
    require_current_schema(engine := open_dashboard(web.configuration))
    engine.dispose()
    for each in (web.app.state.engine, web.engine):
        each.dispose()
    file = Path(str(web.app.state.engine.url.database))
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    damage(file)

    assert browser.get("/healthz").status_code == 200
    ready = browser.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["error"]["code"] == "damaged"
    for path in ("/accounts", "/status"):
        page = browser.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 503
        assert f"The dashboard database dashboard.db {words}" in page.text
        assert str(file.parent) not in page.text
    answer = browser.get("/api/accounts")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "damaged")
