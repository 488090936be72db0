"""Every answer of the local Fivetran, and every sample request, is as Fivetran's own definition has it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from kpi_platform.configuration import Configuration
from kpi_platform.local.server import create_app
from kpi_platform_tests.local.conftest import Served, served
from kpi_platform_tests.local.definition import Definition
from kpi_platform_tests.local.route_samples import CONNECTION, SAMPLES, USUAL

NOT_DEFINED = {"POST /v1/connections/{connection_id}/force"}
"""What an earlier version of the API had, and dagster-fivetran still asks for."""


@pytest.fixture(scope="module")
def definition(shared: Path) -> Definition:
    return Definition.read(shared)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose connections have lived: synced, failed, broken, put off, paused, locked."""
    home = str(tmp_path_factory.mktemp("definition"))
    with served(Configuration.from_environment({"KPI_PLATFORM_HOME": home})) as fivetran:
        fivetran.sync(CONNECTION)
        fivetran.control("PATCH", CONNECTION, locked_tables={"user": "OTHER", "case": "SYSTEM_TABLE"})
        fivetran.control("POST", "northwind_salesforce/outcomes", outcome="failed")
        fivetran.control("POST", "initech_salesforce/outcomes", outcome="broken")
        fivetran.control("POST", "northwind_servicenow/outcomes", outcome="rescheduled")
        for connection in ("northwind_salesforce", "initech_salesforce", "northwind_servicenow"):
            fivetran.sync(connection)
        paused = {"paused": True, "sync_frequency": 1440, "daily_sync_time": "04:00"}
        fivetran.data("PATCH", "/v1/connections/initech_servicenow", json=paused)
        fivetran.control("POST", "", id="sheet", service="google_sheets")
        yield fivetran


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Method and path of all that is served, under the present names of the paths."""
    home = tmp_path_factory.mktemp("routes")
    app = create_app(home, Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)}))
    found = set()
    for context in iter_route_contexts(app.routes):
        path = str(context.path or context.starlette_route.path)
        if path.startswith("/v1"):
            present = path.replace("/connectors", "/connections")
            found |= {f"{method} {present}" for method in context.methods or () if method != "HEAD"}
    app.state.fivetran.close()
    yield sorted(found)


def test_every_route_has_a_sample_request_and_no_other(routes: list[str]) -> None:
    assert sorted(SAMPLES) == routes


@pytest.mark.parametrize("route", SAMPLES)
@pytest.mark.parametrize("family", ["connections", "connectors"])
def test_a_route_takes_and_answers_what_the_definition_says(
    busy: Served, definition: Definition, route: str, family: str
) -> None:
    if family == "connectors" and "connections" not in route:
        pytest.skip("has no former name")
    if family == "connections" and route in NOT_DEFINED:
        pytest.skip("has no present name")
    sample = SAMPLES[route]
    method, pattern = route.split(" ")
    places = {**USUAL, **sample.before(busy), **sample.places}
    path = pattern.format(**places).replace("/connections", f"/{family}")
    body = _body(sample.body, places, family)
    response = busy.api.request(
        method, path, params=dict(sample.query), **({} if body is None else {"json": body})
    )
    assert response.status_code == sample.status, response.text
    assert "sesame" not in response.text
    if route in NOT_DEFINED:
        assert set(response.json()) == {"code", "message"}
        return
    assert definition.problems_of_request(method, path, sample.query, body) == []
    assert definition.problems_of_answer(method, path, response.status_code, response.json()) == []


def _body(body: Any, places: dict[str, str], family: str) -> Any:
    """The sample's body with names of its own, so that the same can be asked for under both families."""
    if not isinstance(body, dict):
        return body
    if "service" in body and "time_zone_offset" in body:
        return body | {"group_id": places["group_id"]}
    if "config" in body and "schema" in body["config"]:
        return body | {"config": body["config"] | {"schema": f"sample_{family}"}}
    return body


def test_connections_in_every_state_are_as_the_definition_says(busy: Served, definition: Definition) -> None:
    listed = busy.api.get("/v1/connections", params={"limit": 1000}).json()
    assert definition.problems_of_answer("GET", "/v1/connections", 200, listed) == []
    states = {
        (item["status"]["setup_state"], item["status"]["sync_state"]) for item in listed["data"]["items"]
    }
    assert {("broken", "scheduled"), ("connected", "rescheduled"), ("connected", "paused")} <= states
    for item in listed["data"]["items"]:
        path = f"/v1/connections/{item['id']}"
        answer = busy.api.get(path)
        assert definition.problems_of_answer("GET", path, answer.status_code, answer.json()) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/v1/connections/{CONNECTION}", None),
        ("PATCH", f"/v1/connections/{CONNECTION}", {"paused": "yes"}),
        ("GET", "/v1/teams", None),
        ("POST", "/v1/users", {"email": "x"}),
        ("GET", "/v1/connections/nobody", None),
    ],
)
@pytest.mark.parametrize("fault", [None, {"status": 500}, {"status": 429, "retry_after": 3}])
def test_an_error_is_a_code_and_a_message(
    busy: Served, method: str, path: str, body: Any, fault: dict[str, Any] | None
) -> None:
    if fault:
        busy.data("POST", "/_local/faults", json=fault)
    answer = busy.api.request(method, path, json=body)
    if answer.status_code >= 400:
        assert set(answer.json()) == {"code", "message"}
    assert (answer.status_code == (fault or {}).get("status")) == bool(fault)


def test_what_the_definition_has_not_is_found(definition: Definition) -> None:
    """The measure itself: requests with faults in method, path, query and body are all named."""
    wrong: list[tuple[str, str, dict[str, str], Any]] = [
        ("PUT", "/v1/connections/x", {}, {}),
        ("GET", "/v1/nothing", {}, None),
        ("GET", "/v1/connections", {"paused": "true"}, None),
        ("GET", "/v1/connections", {"limit": "many"}, None),
        ("PATCH", "/v1/connections/x", {}, {"sync_frequency": 7}),
        ("PATCH", "/v1/connections/x", {}, {"sync_rhythm": 5}),
        ("PATCH", "/v1/connectors/x/schemas", {}, {"schemas": {"s": {"tables": {}}}}),
        ("POST", "/v1/connections", {}, {"service": "salesforce"}),
        ("POST", "/v1/webhooks/account", {}, {"url": "https://x"}),
    ]
    for method, path, query, body in wrong:
        assert definition.problems_of_request(method, path, query, body), (method, path)


def test_an_answer_that_the_definition_has_not_is_found(busy: Served, definition: Definition) -> None:
    path = f"/v1/connections/{CONNECTION}"
    whole = httpx.get(f"{busy.url}{path}", auth=("local", "local")).json()
    for name in ("status", "sync_frequency", "created_at"):
        short = {name_: value for name_, value in whole["data"].items() if name_ != name}
        assert definition.problems_of_answer("GET", path, 200, whole | {"data": short})
    odd = whole | {"data": whole["data"] | {"paused": None}}
    assert definition.problems_of_answer("GET", path, 200, odd)
