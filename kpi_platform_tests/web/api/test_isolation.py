"""Every route, called with every kind of token; decisions.py says who may call it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from starlette.requests import Request

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.backtests import add_backtest, end_backtest
from kpi_platform.dashboard.check_results import Finding, record_check_results
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.dashboard.people import add_person
from kpi_platform.dashboard.previews import add_preview, end_preview
from kpi_platform.dashboard.run_records import write_runs
from kpi_platform.dashboard.sync_requests import create_sync_request, finish_sync_request
from kpi_platform.dashboard.tokens import create_token, revoke_token
from kpi_platform.web.app import create_app
from kpi_platform.web.sessions import SESSION_COOKIE
from kpi_platform_tests.domain.backtest.made_rows import SPEC
from kpi_platform_tests.pipeline.desk import T1
from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.web.api.decisions import DECISIONS, Decision
from kpi_platform_tests.web.api.test_dashboard import LoadedDesk
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_runs import record

MARKER = "Northwind Confidential"
"""The name of acme's account; nobody else may ever see it."""

_TEMPLATE = create_app(
    Configuration.from_environment(
        {"KPI_SESSION_KEY": "only to list the routes of the app", "DASHBOARD_DATABASE_URL": "sqlite://"}
    )
)


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path pattern of everything that the app answers."""
    found = set()
    for context in iter_route_contexts(app.routes):
        for method in context.methods or {"GET"}:
            if method not in ("HEAD", "OPTIONS"):
                found.add((method, context.path or context.starlette_route.path))
    return sorted(found)


ROUTES = routes_of(_TEMPLATE)
DECIDED = [route for route in ROUTES if DECISIONS.get(route, "public") != "public"]
UNSAFE = [route for route in DECIDED if route[0] != "GET"]


@dataclass
class World:
    """acme with data that is its own, bolt without any; `places` fills the path parameters with acme's."""

    web: Web
    places: dict[str, str]

    def call(self, client: TestClient, route: tuple[str, str], **headers: str) -> Any:
        method, pattern = route
        path = pattern.replace(":path}", "}").format_map(self.places)
        body = {"json": {}} if method != "GET" and path.startswith("/api") else {}
        return client.request(method, path, headers=headers, **body)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("isolation")
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    with engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        add_customer(connection, "bolt", "Bolt")
        request = create_sync_request(connection, "acme", "combined", requested_by=MARKER)
        finish_sync_request(connection, request.id, "done", results={"errors": [MARKER]})
        preview = add_preview(connection, "acme", "settings", "alerts")
        end_preview(connection, preview, "failed", error=MARKER)
        backtest = add_backtest(connection, "acme", SPEC, who=MARKER)
        end_backtest(connection, backtest.id, "failed", error=MARKER)
        found = [Finding("house_rule", "kpi_values", "warn", 1, MARKER, [{"account_id": MARKER}])]
        record_check_results(connection, "kpis", {"acme": (1, found)}, run_id=None)
        person = add_person(
            connection, customer="acme", name=MARKER, email="x@acme.example", scope="read", who="test"
        )
        _, token = create_token(connection, name=MARKER, customer="acme", scope="read", who="test")
    write_runs(engine, [record("r1", "running", errors={"acme": MARKER})])
    app = create_app(configuration)
    web = Web(app, configuration, engine)
    LoadedDesk(configuration, web, "acme").load(T1, [MartAccount("001A", MARKER, {"nps": 40})])
    own = {"name": MARKER, "slug": "own_cases", "source": "salesforce", "table": "case", "aggregate": "count"}
    document = {"kpi_mappings": {"nps": {"category": MARKER}}, "custom_kpis": [own]}
    saved = web.client("acme").put("/api/fivetran/config", json=document)
    assert saved.status_code == 200, saved.text
    page = web.client("acme").get("/api/accounts").json()
    places = {
        "request_id": request.id, "run_id": "r1",
        "person_id": str(person.id), "token_id": str(token.id), "action": "link",
        "version": "1", "first": "0", "second": "1", "key": "acme",
        "account_id": str(page["accounts"][0]["id"]), "source_account_id": "001A", "path": "x", "kpi": "nps",
        "customer": "acme", "decision_id": "1", "section": "update", "slug": "own_cases", "suite": "kpis",
        "check": "house_rule", "source": "salesforce", "preview_id": preview,
        "backtest_id": backtest.id,
    }  # fmt: skip
    yield World(web, places)
    engine.dispose()
    app.state.engine.dispose()


def test_every_route_has_a_decision_and_every_decision_a_route() -> None:
    assert set(ROUTES) - set(DECISIONS) == set(), "Say in decisions.py who may call these."
    assert set(DECISIONS) - set(ROUTES) == set()


def test_what_changes_something_without_a_token_is_guarded_in_another_way() -> None:
    public = [route for route in ROUTES if DECISIONS.get(route) == "public" and route[0] != "GET"]
    assert public == [
        ("POST", "/api/webhooks/fivetran"),  # signed
        ("POST", "/sign-in"),  # from our own page alone
        ("POST", "/sign-in/link"),  # from our own page alone
    ]


@pytest.mark.parametrize("route", DECIDED, ids=" ".join)
def test_nobody_comes_in_without_a_valid_token(world: World, route: tuple[str, str]) -> None:
    with world.web.engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        expired, _ = create_token(
            connection, name="old", customer=None, scope="admin", who="test", expires_at=past
        )
        revoked, token = create_token(connection, name="gone", customer=None, scope="admin", who="test")
        revoke_token(connection, token.id)
    client = world.web.anonymous(**{"X-Customer-ID": "acme"})
    assert world.call(client, route).status_code == 401
    for text in (f"kpi_unknown {route}", expired, revoked, ""):
        answer = world.call(client, route, Authorization=f"Bearer {text}")
        assert answer.status_code == 401, text
        assert MARKER not in answer.text


@pytest.mark.parametrize("route", DECIDED, ids=" ".join)
def test_another_customers_token_sees_and_changes_nothing(world: World, route: tuple[str, str]) -> None:
    for scope in ("read", "write", "admin"):
        client = world.web.client("bolt", scope)  # type: ignore[arg-type]
        answer = world.call(client, route)
        assert MARKER not in answer.text
        if "{" in route[1] and "diff" not in route[1]:
            assert answer.status_code in (403, 404, 400), (scope, answer.text)
        if route in CUSTOMER_ROUTES:
            assert world.call(client, route, **{"X-Customer-ID": "acme"}).status_code == 403
    assert MARKER in world.web.client("acme").get("/api/accounts").text


@pytest.mark.parametrize("route", DECIDED, ids=" ".join)
def test_a_token_may_do_what_its_scope_says_and_no_more(world: World, route: tuple[str, str]) -> None:
    decision = DECISIONS[route]
    for customer in ("acme", None):
        for scope in ("read", "write", "admin"):
            client = world.web.client(customer, scope, **{"X-Customer-ID": "acme"})  # type: ignore[arg-type]
            answer = world.call(client, route)
            allowed = may(decision, customer, scope)
            assert (answer.status_code not in (401, 403)) == allowed, (customer, scope, answer.text)
            assert answer.status_code < 500, answer.text


CUSTOMER_ROUTES = [route for route in DECIDED if DECISIONS[route] in ("read", "write")]


@pytest.mark.parametrize(
    "route", [route for route in CUSTOMER_ROUTES if route[1].startswith("/api")], ids=" ".join
)
def test_an_operator_has_to_say_whose_data_it_is_about(world: World, route: tuple[str, str]) -> None:
    client = world.web.client(None, "admin")
    answer = world.call(client, route)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_customer_chosen")
    assert world.call(client, route, **{"X-Customer-ID": "nobody"}).status_code == 404


@pytest.mark.parametrize("route", UNSAFE, ids=" ".join)
def test_a_session_changes_nothing_without_its_form_token(world: World, route: tuple[str, str]) -> None:
    mine, other = world.web.signed_in(), world.web.signed_in()
    headers = {"X-Customer-ID": "acme"}
    for given in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": form_token(world, other)}):
        answer = world.call(mine, route, **headers, **given)
        assert answer.status_code == 403, answer.text
    answer = world.call(mine, route, **headers, **{"X-CSRF-Token": form_token(world, mine)})
    assert answer.status_code != 403, answer.text


def may(decision: Decision, customer: str | None, scope: str) -> bool:
    rank = ("read", "write", "admin").index(scope)
    if decision == "operator":
        return customer is None
    if decision == "manager":
        return scope == "admin"
    if decision == "admin":
        return customer is None and scope == "admin"
    return rank >= (1 if decision == "write" else 0)


def form_token(world: World, browser: TestClient) -> str:
    cookie = f"{SESSION_COOKIE}={browser.cookies[SESSION_COOKIE]}".encode()
    session = world.web.app.state.sessions.read(Request({"type": "http", "headers": [(b"cookie", cookie)]}))
    assert session is not None
    token: str = session.csrf_token
    return token
