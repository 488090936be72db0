"""Every setting, every hostile value, every way in, every kind of token: generated from model and routes.

What is to happen follows from the model: a document that is not valid is 400, one that changes what is not
the caller's is 403, and after both nothing is saved. A new route has to say whether it takes settings.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.dashboard.settings_versions import save_settings, settings_history
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import Leaf, parse_settings, settings_leaves
from kpi_platform.web.app import create_app
from kpi_platform_tests.domain.settings.second_values import changed_by, second_value
from kpi_platform_tests.web.api.decisions import DECISIONS
from kpi_platform_tests.web.conftest import Web

SECRET = "the-session-key-of-this-test-0123456789"
RENDERED = str(7 * 7 * 191)
"""What a template would make of the first of the hostile values."""

HOSTILE: tuple[Any, ...] = (
    "{{ 7*7*191 }}", "{{ env_var('KPI_SESSION_KEY') }}", "{% raw %}", "{#", "'\"`;--", "a\nb",
    "${KPI_SESSION_KEY}", "bolt_crm", "KPI_SECRET_BOLT_WAREHOUSE", "x" * 5000,
    7, True, None, [], ["x"], {"x": {"y": 1}},
)  # fmt: skip
LEAVES = [leaf for leaf in settings_leaves() if not leaf.read_only]
OWN = {"salesforce": {"schema": "acme_crm"}, "servicenow": {"schema": "acme_itsm"}}
TOKENS = {"write": ("acme", "write"), "admin": ("acme", "admin"), "operator": (None, "write")}

SAVES = {
    ("PUT", "/api/fivetran/config"), ("POST", "/api/fivetran/config/preview"), ("POST", "/settings"),
    ("POST", "/api/fivetran/config/restore/{version}"), ("POST", "/settings/restore"),
    ("POST", "/settings/preview"),
    ("POST", "/api/fivetran/schedule"), ("POST", "/api/fivetran/test-connection"),
    ("POST", "/settings/test-connection"), ("POST", "/api/fivetran/sync"),
    ("POST", "/settings/custom-kpis/new"),
    ("POST", "/settings/custom-kpis/{slug}"), ("POST", "/settings/custom-kpis/{slug}/remove"),
    ("POST", "/settings/sync"), ("POST", "/api/customers"), ("POST", "/api/customers/{key}/connections"),
    ("POST", "/customers/new"),
}  # fmt: skip
"""Routes that take settings. The last three are the operator's by their decision."""
NO_SETTINGS = (
    "/api/uploads",
    "/uploads",
    "/api/matches",
    "/matches",
    "/api/webhooks",
    "/status/webhook",
    "/sign-",
    "/customer",
)


def merged(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in other.items():
        inner = both.get(key)
        both[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    home = tmp_path_factory.mktemp("hostile")
    configuration = Configuration.from_environment(
        {"KPI_PLATFORM_HOME": str(home), "KPI_SESSION_KEY": SECRET, "KPI_SECRET_BOLT_WAREHOUSE": SECRET}
    )
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    with engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        add_customer(connection, "bolt", "Bolt")
        save_settings(connection, "acme", OWN, who="test")
    app = create_app(configuration)
    yield Web(app, configuration, engine)
    engine.dispose()
    app.state.engine.dispose()


def clients(web: Web) -> dict[str, TestClient]:
    made = {}
    for name, (customer, scope) in TOKENS.items():
        made[name] = web.client(customer, scope, **{"X-Customer-ID": "acme"})  # type: ignore[arg-type]
    return made


def versions(web: Web) -> int:
    with web.engine.connect() as connection:
        return settings_history(connection, "acme")[0].version


def is_valid(document: dict[str, Any]) -> bool:
    try:
        parse_settings(document)
    except InvalidSettings:
        return False
    return True


def test_every_route_that_changes_something_says_whether_it_takes_settings() -> None:
    unsafe = {route for route in DECISIONS if route[0] != "GET"}
    undecided = [route for route in unsafe - SAVES if not route[1].startswith(NO_SETTINGS)]
    assert undecided == []
    assert unsafe >= SAVES


GUARDED = [leaf for leaf in LEAVES if leaf.kind != "meaning"]


def test_no_hostile_value_of_a_setting_is_saved_by_whom_it_is_not_for(web: Web) -> None:
    callers = clients(web)
    for leaf in GUARDED:
        caller = callers["write" if leaf.kind == "reach_out" else "admin"]
        for value in HOSTILE:
            document, before = merged(OWN, changed_by(leaf.path, value)), versions(web)
            valid = is_valid(document)
            unchanged = valid and parse_settings(document) == parse_settings(OWN)
            expected = 400 if not valid else 200 if unchanged else 403
            answer = caller.put("/api/fivetran/config", json=document)
            assert answer.status_code == expected, (leaf.path, value, answer.text)
            assert versions(web) == before
            assert SECRET not in answer.text and RENDERED not in answer.text


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:30])
def test_a_hostile_value_of_a_matter_of_meaning_is_refused_or_is_text_like_any_other(
    web: Web, value: Any
) -> None:
    caller, wrong, right = clients(web)["write"], OWN, OWN
    for leaf in (leaf for leaf in LEAVES if leaf.kind == "meaning"):
        change = changed_by(leaf.path, value)
        if not is_valid(change):
            wrong = merged(wrong, change)
        elif leaf.type == "text" and not leaf.choices:
            right = merged(right, change)
    before = versions(web)
    refused = caller.put("/api/fivetran/config", json=wrong)
    assert (refused.status_code, versions(web)) == (400, before)
    saved = caller.put("/api/fivetran/config", json=right)
    assert saved.status_code == 200, saved.text
    shown = caller.get("/settings?section=kpi_mappings", headers={"Accept": "text/html"})
    for answer in (refused, saved, shown):
        assert SECRET not in answer.text and RENDERED not in answer.text
    assert caller.put("/api/fivetran/config", json=OWN).status_code == 200


@pytest.mark.parametrize("leaf", GUARDED, ids=lambda leaf: leaf.path)
def test_what_is_not_the_callers_is_refused_on_every_way_in(web: Web, leaf: Leaf) -> None:
    name = "write" if leaf.kind == "reach_out" else "admin"
    document = merged(OWN, changed_by(leaf.path, second_value(leaf)))
    caller, form = clients(web)[name], {leaf.path: str(second_value(leaf))}
    with web.engine.begin() as connection:
        planted = save_settings(connection, "acme", document, who="test")
        before = save_settings(connection, "acme", OWN, who="test")
    section = f"?section={leaf.section}"
    ways = {
        "PUT": caller.put("/api/fivetran/config", json=document),
        "preview": caller.post("/api/fivetran/config/preview", json=document),
        "page": caller.post(f"/settings{section}", data=form),
        "preview page": caller.post(f"/settings/preview{section}", data=form),
        "restore": caller.post(f"/api/fivetran/config/restore/{planted}"),
        "restore page": caller.post(
            "/settings/restore", data={"version": str(planted), "expected_version": str(before)}
        ),
    }
    if leaf.section == "warehouse":
        ways["test"] = caller.post("/api/fivetran/test-connection", json={"warehouse": document["warehouse"]})
        ways["test page"] = caller.post("/settings/test-connection", data=form)
    assert {way: answer.status_code for way, answer in ways.items()} == dict.fromkeys(ways, 403)
    assert leaf.path in ways["PUT"].json()["error"]["details"]["paths"]
    assert versions(web) == before
