"""Hostile values through the ways that take a part of the settings, and through the command line."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kpi_platform.dashboard.customers import list_customers
from kpi_platform.dashboard.sync_requests import sync_requests
from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.domain.settings import Leaf
from kpi_platform.web.schemas.customers import ConnectionBody, CustomerBody
from kpi_platform.web.schemas.settings import ScheduleBody, WindowBody
from kpi_platform.web.schemas.sync import KpiOverride, SyncBody, SyncConfig
from kpi_platform.web.settings_form import document_of
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.pipeline.uncomputable import COMPUTABLE
from kpi_platform_tests.web.api.hostile import (
    GUARDED,
    HOSTILE,
    IS_WHOLE,
    LEAVES,
    MAY,
    OWN,
    TEXTS,
    Hostile,
    decision,
    hostile_installation,
    merged,
    require_clean,
    settings_of,
    with_leaf,
)
from kpi_platform_tests.web.pages.test_custom_kpis import ESCALATED

pytestmark = [pytest.mark.slow] if IS_WHOLE else []

WALKED = {
    ("POST", "/api/fivetran/schedule"), ("POST", "/api/fivetran/test-connection"),
    ("POST", "/settings/test-connection"), ("POST", "/api/fivetran/sync"), ("POST", "/settings/sync"),
    ("POST", "/settings/custom-kpis/new"), ("POST", "/settings/custom-kpis/{slug}"),
    ("POST", "/settings/custom-kpis/{slug}/remove"), ("POST", "/settings/custom-kpis/{slug}/preview"),
    ("POST", "/api/customers"),
    ("POST", "/api/customers/{key}/connections"), ("POST", "/customers/new"),
}  # fmt: skip
ROLES = [role for role in MAY if role != "read"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with hostile_installation(tmp_path_factory.mktemp("hostile")) as made:
        yield made


def post(here: Hostile, role: str, path: str, body: Any, method: str = "POST") -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return here.callers[role].request(method, path, content=json.dumps(body), headers=headers)


def of_section(name: str) -> list[Leaf]:
    return [leaf for leaf in LEAVES if leaf.section == name]


def at(path: list[str], value: Any) -> dict[str, Any]:
    return {path[0]: at(path[1:], value) if path[1:] else value}


def test_the_schedule_takes_what_is_of_the_schedule_and_is_valid(here: Hostile) -> None:
    known = ScheduleBody.model_fields.keys() | {f"sync_window.{name}" for name in WindowBody.model_fields}
    for value in HOSTILE:
        for leaf in LEAVES:
            name = leaf.path.removeprefix("fivetran.")
            if name not in known or name == leaf.path:
                continue
            body = at(name.split("."), value)
            if value is True and leaf.type == "integer":
                continue  # A list of numbers takes it for 1 in a document.
            if "sync_window" in body:
                body = {"sync_window": dict.fromkeys(WindowBody.model_fields, value)}
            before = here.reset()
            # What is null is left out, except for the hours of a window.
            nothing = value is None and "sync_window" not in body
            expected = 200 if nothing else decision("write", merged(OWN, {"fivetran": body}))
            answer = post(here, "write", "/api/fivetran/schedule", body)
            require_clean(answer, body)
            assert answer.status_code == expected, (body, answer.text)
            assert expected == 200 or here.versions() == before
            assert post(here, "read", "/api/fivetran/schedule", body).status_code == 403
        here.reset()
        others = [leaf for leaf in of_section("fivetran") if leaf.path.removeprefix("fivetran.") not in known]
        for leaf in others:
            for role in ROLES:
                answer = post(here, role, "/api/fivetran/schedule", at(leaf.path.split(".")[1:], value))
                require_clean(answer)
                assert answer.status_code == 400


@pytest.mark.parametrize("role", ROLES)
def test_only_the_operator_tests_a_connection_that_is_not_saved(here: Hostile, role: str) -> None:
    here.reset()
    current = settings_of(OWN).document()
    for leaf in of_section("warehouse"):
        for value in HOSTILE:
            document = with_leaf(leaf, value)
            expected = decision(role, document)
            if expected == 400 and role != "write":
                continue
            # Secrets and schemas are asked when they are used or saved.
            may = {200, 400} if role == "operator" and leaf.path.endswith("_secret") else {expected}
            may |= {200} if expected == 409 else set()
            answer = post(here, role, "/api/fivetran/test-connection", {"warehouse": document["warehouse"]})
            require_clean(answer, leaf.path, value)
            assert answer.status_code in may, (leaf.path, value, answer.text)
            if isinstance(value, str) and (role == "write" or value == TEXTS[0]):
                typed = {leaf.path: value}
                expected = decision(role, document_of(current, "warehouse", typed))
                may |= {expected} | ({200} if expected == 409 else set())
                page = here.callers[role].post("/settings/test-connection", data=typed)
                require_clean(page, typed)
                assert page.status_code in may, (typed, page.text)
    assert here.callers["read"].post("/api/fivetran/test-connection").status_code == 403
    assert here.versions() == here.planted


def test_overrides_of_a_sync_are_settings_of_its_kpis_or_are_refused(here: Hostile) -> None:
    def requests() -> list[str]:
        with here.web.engine.connect() as connection:
            return [one.id for one in sync_requests(connection, "acme", limit=50)]

    here.reset()
    by_kpi: dict[str, list[tuple[str, list[str]]]] = {}
    for leaf in of_section("kpi_mappings"):
        _, kpi, *rest = leaf.path.split(".")
        by_kpi.setdefault(kpi, []).append((leaf.path, rest))
    for value in HOSTILE:
        right: dict[str, Any] = {}
        wrong: dict[str, Any] = {}
        for kpi, settings in by_kpi.items():
            for path, rest in settings:
                override = {kpi: at(rest, value)}
                document = merged(OWN, at(path.split("."), value))
                takes = rest[0] in KpiOverride.model_fields
                if takes and ((len(rest) == 1 and value is None) or decision("write", document) == 200):
                    right = merged(right, override)
                else:
                    wrong = merged(wrong, override)
        for one in (wrong, *({kpi: part} for kpi, part in wrong.items() if value == TEXTS[0])):
            before = requests()
            body = {"sync_config": {"kpi_mapping": one}}
            answer = post(here, "write", "/api/fivetran/sync", body)
            require_clean(answer, body)
            assert not one or (answer.status_code, requests()) == (400, before), (body, answer.text)
        body = {"sync_config": {"kpi_mapping": right}}
        answer = post(here, "write", "/api/fivetran/sync", body)
        require_clean(answer, body)
        assert answer.status_code in (202, 400), (body, answer.text)
        assert post(here, "read", "/api/fivetran/sync", body).status_code == 403
        before = requests()
        for name in SyncBody.model_fields.keys() | SyncConfig.model_fields.keys():
            if value in (None, True) and name == "dry_run":
                continue
            config = {"sync_config": {name: value}} if name in SyncConfig.model_fields else {name: value}
            answer = post(here, "write", "/api/fivetran/sync", config)
            require_clean(answer, config)
            assert answer.status_code == (202 if config == {"sync_config": {"update_mode": None}} else 400)
        for leaf in GUARDED if value in TEXTS[:1] else ():
            answer = post(here, "operator", "/api/fivetran/sync", at(leaf.path.split("."), value))
            assert (answer.status_code, requests()) == (400, before)
        if isinstance(value, str):
            form = {"data_source": value}
            answer = here.callers["write"].post(f"/settings/sync?section={'x' * 30}", data=form)
            require_clean(answer, form)
            assert (answer.status_code, requests()) == (400, before)


def test_a_custom_kpi_of_hostile_parts_is_refused_or_is_a_definition(here: Hostile) -> None:
    planted = merged(OWN, {"custom_kpis": [COMPUTABLE]})
    client = here.callers["write"]
    for name, field in CustomKpi.model_fields.items():
        for value in HOSTILE:
            document = merged(OWN, {"custom_kpis": [{**COMPUTABLE, (field.alias or name): value}]})
            before, expected = here.reset(), decision("write", document)
            answer = post(here, "write", "/api/fivetran/config", document, method="PUT")
            require_clean(answer, name, value)
            # Nothing has landed here: a definition that is one cannot be computed from it.
            assert answer.status_code in ((400,) if expected == 400 else (200, 400, 409, 503)), answer.text
            assert answer.status_code == 200 or here.versions() == before
    for part in ESCALATED:
        for value in TEXTS if part in ("name", "filters") else TEXTS[:1]:
            before = here.plant(planted)
            for path in ("new", COMPUTABLE["slug"])[: 2 if value == TEXTS[0] else 1]:
                answer = client.post(f"/settings/custom-kpis/{path}", data={**ESCALATED, part: value})
                require_clean(answer, part, value)
                assert answer.status_code in (303, 400, 409, 503), (part, value)
                assert answer.status_code == 303 or here.versions() == before
                if answer.status_code == 400:
                    # It is not computed either.
                    answer = client.post(
                        f"/settings/custom-kpis/{path}/preview", data={**ESCALATED, part: value}
                    )
                    require_clean(answer, part, value)
                    assert answer.status_code == 400
    before = here.plant(planted)
    for value in ("{{ 7919*104729 }}", "..%2F..", "x" * 5000, "other"):
        for path in (value, f"{value}/remove", f"{value}/preview"):
            answer = client.post(f"/settings/custom-kpis/{path}", data=ESCALATED)
            require_clean(answer, path)
            assert answer.status_code in (400, 404)
    for path in ("new", COMPUTABLE["slug"], f"{COMPUTABLE['slug']}/remove", "new/preview"):
        assert here.callers["read"].post(f"/settings/custom-kpis/{path}", data=ESCALATED).status_code == 403
    assert here.versions() == before


def test_onboarding_is_the_operators_and_takes_no_hostile_value(here: Hostile, no_pauses: None) -> None:
    def customers() -> list[str]:
        with here.web.engine.connect() as connection:
            return [one.key for one in list_customers(connection)]

    before, version, operator = customers(), here.reset(), "operator"
    for value in HOSTILE:
        bodies: list[tuple[str, dict[str, Any]]] = [
            ("/api/customers", {"key": "new", "connections": [{"source": "salesforce"}], name: value})
            for name in CustomerBody.model_fields
        ]
        for name, field in ConnectionBody.model_fields.items():
            connection = {"source": "salesforce", (field.alias or name): value}
            bodies.append(("/api/customers", {"key": "new", "connections": [connection]}))
            bodies.append(("/api/customers/acme/connections", {"connections": [connection]}))
        for path, body in bodies:
            if body.get("connections") == []:
                continue
            answer = post(here, operator, path, body)
            require_clean(answer, path, body)
            # Fivetran does not answer here: what is valid ends there, and leaves nothing.
            assert answer.status_code in (400, 409, 502, 503), (path, body, answer.text)
        for role in ("read", "write", "admin"):
            for path, body in bodies[-2:]:
                assert post(here, role, path, body).status_code == 403
        if isinstance(value, str):
            for name in ("key", *(f"salesforce.{field}" for field in ("schema", "instance_url"))):
                form = {"key": "new", "salesforce.way": "create", name: value}
                answer = here.callers[operator].post("/customers/new", data=form)
                require_clean(answer, form)
                assert answer.status_code in (400, 409, 502, 503), (form, answer.text)
                assert here.callers["admin"].post("/customers/new", data=form).status_code == 403
        assert (customers(), here.versions()) == (before, version)


def test_the_command_line_imports_no_hostile_value(here: Hostile, tmp_path: Any) -> None:
    here.reset()
    home, file = here.web.configuration.home, tmp_path / "settings.json"
    for value in HOSTILE:
        right, wrong = OWN, OWN
        for leaf in LEAVES:
            document = with_leaf(leaf, value)
            if decision("operator", document) == 400:
                wrong = merged(wrong, document)
            elif leaf.kind == "meaning" and decision("operator", merged(right, document)) == 200:
                right = merged(right, document)
        for document, code in ((wrong, 1), (right, 0)):
            before = here.reset()
            file.write_text(json.dumps(document))
            commands = [("settings", "import", "acme", str(file), "--no-apply")]
            if code:
                commands.append(("customer", "add", "new", "--settings", str(file)))
            for command in commands:
                done = run_command(home, *command)
                assert done.exit_code == code, (value, command, done.output)
                assert done.exception is None or isinstance(done.exception, SystemExit)
            assert code == 0 or here.versions() == before
    here.reset()


@pytest.mark.parametrize(
    "body", [{"alerts": {"\ud800": 1}}, {"custom_kpis": [{**COMPUTABLE, "table": "\udfff"}]}]
)
def test_half_a_character_is_refused_wherever_it_stands(here: Hostile, body: dict[str, Any]) -> None:
    for path in ("/api/fivetran/schedule", "/api/fivetran/config/preview", "/api/customers"):
        answer = post(here, "operator", path, body)
        assert (answer.status_code, "half of a character" in answer.text) == (400, True)
