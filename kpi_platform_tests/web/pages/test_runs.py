"""Connections and runs, in every state, on the page and in the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kpi_platform.dashboard.run_records import RunRecord, note_seen, write_runs
from kpi_platform.dashboard.runs import RunState
from kpi_platform.dashboard.sync_requests import create_sync_request
from kpi_platform_tests.web.conftest import Web

NOW = datetime.now(UTC)


def record(run_id: str, state: RunState, *, customers: tuple[str, ...] = ("acme",), **more: Any) -> RunRecord:
    begun = None if state == "queued" else NOW - timedelta(minutes=5)
    ended = NOW if state in ("done", "failed", "cancelled") else None
    step = {"name": "kpi_marts", "state": "running" if ended is None else "done"}
    times = {"started_at": NOW.isoformat(), "finished_at": ended and ended.isoformat()}
    values: dict[str, Any] = {
        "id": run_id, "job": "refresh", "started_by": "schedule", "request_id": None, "state": state,
        "queued_at": NOW - timedelta(minutes=6), "started_at": begun, "finished_at": ended, "place": None,
        "waits_for": "", "steps": [{**step, **times}] if begun else [], "changed_at": NOW,
        "states": dict.fromkeys(customers, state), "errors": {},
    }  # fmt: skip
    return RunRecord(**{**values, **more})


@pytest.fixture
def runs(web: Web) -> Web:
    note_seen(web.engine)
    write_runs(
        web.engine,
        [
            record("waits", "queued", place=2, waits_for="Another run of this customer is under way."),
            record("works", "running"),
            record("broke", "failed", errors={"acme": "The table is gone. Sync it again."}),
            record("ended", "cancelled"),
            record("shared", "running", customers=("acme", "bolt")),
            record("theirs", "running", customers=("bolt",)),
        ],
    )
    return web


def test_the_page_says_of_each_run_how_it_stands_why_it_waits_and_what_went_wrong(runs: Web) -> None:
    page = runs.client("acme").get("/runs").text
    for words in (
        "Number 2 in the queue. Another run of this customer is under way.",
        "Computing KPIs", "The table is gone. Sync it again.", "Cancelled", "with 1 other customer",
    ):  # fmt: skip
        assert words in page
    assert "theirs" not in page
    assert "Nothing begins at the moment" not in page
    assert "Computing KPIs" in runs.client("acme").get("/runs/works").text


def test_without_the_orchestrator_the_page_says_why_nothing_begins(web: Web) -> None:
    with web.engine.begin() as connection:
        create_sync_request(connection, "acme", "combined", requested_by="Ada")
    page = web.client("acme").get("/runs").text
    assert "the service that runs syncs has not started yet" in page
    assert "asked for by Ada" in page


def test_a_run_is_cancelled_by_its_customer_and_one_of_several_by_the_operator(runs: Web) -> None:
    acme, bolt = runs.client("acme"), runs.client("bolt")
    answer = acme.post("/api/runs/works/cancel")
    assert (answer.status_code, answer.json()["cancelled_by"]) == (202, "acme write")
    assert "acme write has cancelled it" in acme.get("/runs").text
    assert acme.post("/api/runs/shared/cancel").status_code == 403
    assert runs.operator("acme").post("/api/runs/shared/cancel").status_code == 202
    assert acme.post("/api/runs/theirs/cancel").status_code == 404
    assert bolt.post("/api/runs/broke/cancel").status_code == 404
    assert acme.post("/api/runs/broke/cancel").status_code == 409
    assert runs.client("acme", "read").post("/api/runs/waits/cancel").status_code == 403
    may = {one["id"]: one["may_cancel"] for one in acme.get("/api/runs").json()["runs"]}
    assert may == {"waits": True, "works": True, "broke": False, "ended": False, "shared": False}


def test_a_request_is_cancelled_before_any_run_has_taken_it(web: Web) -> None:
    acme = web.client("acme")
    asked = acme.post("/api/fivetran/sync", json={}).json()["id"]
    assert web.client("bolt").post(f"/api/fivetran/sync/{asked}/cancel").status_code == 404
    assert acme.post(f"/api/fivetran/sync/{asked}/cancel").json()["state"] == "cancelled"
    assert acme.post(f"/api/fivetran/sync/{asked}/cancel").status_code == 409
    assert acme.post("/api/fivetran/sync", json={}).json()["id"] != asked
