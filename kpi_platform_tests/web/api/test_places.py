"""Answers name a warehouse and a database by kind and name, and no place on the server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kpi_platform.adapters import duckdb_file
from kpi_platform_tests.web.api.test_dashboard import desk  # noqa: F401
from kpi_platform_tests.web.conftest import Web


def remove(warehouse: Path) -> None:
    warehouse.unlink()


def damage(warehouse: Path) -> None:
    warehouse.write_bytes(b"this is no database" * 100)


def empty(warehouse: Path) -> None:
    with duckdb_file.connect(warehouse) as connection:
        connection.execute("DROP SCHEMA kpi CASCADE")


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("happens", "status", "code"),
    [
        (remove, 503, "destination_unavailable"),
        (damage, 503, "destination_unavailable"),
        (empty, 404, "not_found"),
    ],
)
def test_a_warehouse_that_cannot_be_read_is_named_without_its_place(
    web: Web, happens: Callable[[Path], None], status: int, code: str
) -> None:
    happens(web.configuration.warehouse_file)
    client = web.client()
    number = client.get("/api/accounts").json()["accounts"][0]["id"]
    answer = client.get(f"/api/accounts/{number}/kpis/nps/explanation")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "warehouse.duckdb" in answer.text
    assert_names_no_place(web, answer.text, client.post("/api/fivetran/test-connection").text)


@pytest.mark.usefixtures("desk")
def test_a_busy_warehouse_is_named_without_its_place(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpi_platform.web.explaining.WAIT_SECONDS", 0.1)
    client = web.client()
    number = client.get("/api/accounts").json()["accounts"][0]["id"]
    # Requests are served by threads of their own, for which the lock is somebody else's.
    with duckdb_file.exclusive(web.configuration.warehouse_file):
        answer = client.get(f"/api/accounts/{number}/kpis/nps/explanation")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "destination_locked")
    assert "warehouse.duckdb" in answer.text
    assert_names_no_place(web, answer.text)


def test_a_dashboard_database_that_is_not_there_is_named_without_its_place(web: Web) -> None:
    file = Path(str(web.engine.url.database))
    web.app.state.engine.dispose()
    web.engine.dispose()
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()
    file.mkdir()
    answer = web.anonymous().get("/readyz")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "damaged")
    assert file.name in answer.text
    assert_names_no_place(web, answer.text)


def assert_names_no_place(web: Web, *answers: str) -> None:
    for answer in answers:
        assert str(web.configuration.home) not in answer
        assert str(Path(str(web.engine.url.database)).parent) not in answer
