"""Every setting, every hostile value, every way that takes a document or a form of it, every kind of token.

What is to happen follows from the model (`hostile.decision`), and after a refusal nothing is saved. A new
route has to say whether it takes settings, and then to be walked here or in test_hostile_ways.py.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.pipeline.named_secrets import secret_paths
from kpi_platform.web.settings_form import document_of
from kpi_platform_tests.domain.settings.second_values import second_value
from kpi_platform_tests.web.api.decisions import DECISIONS
from kpi_platform_tests.web.api.hostile import (
    GUARDED,
    HOSTILE,
    IS_WHOLE,
    LEAVES,
    MAY,
    OWN,
    SECRET_PATHS,
    TEXTS,
    Hostile,
    decision,
    hostile_installation,
    merged,
    require_clean,
    settings_of,
    with_leaf,
)
from kpi_platform_tests.web.api.test_hostile_ways import WALKED

pytestmark = [pytest.mark.slow] if IS_WHOLE else []

CHUNK = 60
"""Settings that are wrong in one request: of more than 100 errors the rest is only counted."""

DOCUMENTS: dict[tuple[str, str], Callable[[Hostile, str, Any], httpx.Response]] = {
    ("PUT", "/api/fivetran/config"): lambda here, role, document: sent(
        here, role, "PUT", "/api/fivetran/config", document
    ),
    ("POST", "/api/fivetran/config/preview"): lambda here, role, document: sent(
        here, role, "POST", "/api/fivetran/config/preview", document
    ),
    ("POST", "/api/fivetran/config/restore/{version}"): lambda here, role, document: here.callers[role].post(
        f"/api/fivetran/config/restore/{planted(here, document)}"
    ),
    ("POST", "/settings/restore"): lambda here, role, document: here.callers[role].post(
        "/settings/restore",
        data={"version": str(planted(here, document)), "expected_version": str(here.versions())},
    ),
}
FORMS = {("POST", "/settings"), ("POST", "/settings/preview")}
NO_SETTINGS = (
    "/api/uploads", "/uploads", "/api/matches", "/matches", "/api/webhooks", "/status/webhook", "/sign-",
    "/customer", "/api/people", "/people", "/api/tokens", "/api/runs", "/runs",
    "/api/customers/{key}/connections", "/api/fivetran/sync/{request_id}/cancel",
    "/settings/preview/{preview_id}/cancel", "/settings/test-alerts", "/api/alerts/test", "/api/past",
    "/api/backtests", "/backtests",
)  # fmt: skip


def sent(here: Hostile, role: str, method: str, path: str, document: Any) -> httpx.Response:
    # As JSON of Python's, which knows numbers and texts that the client would refuse to send.
    headers = {"Content-Type": "application/json"}
    return here.callers[role].request(method, path, content=json.dumps(document), headers=headers)


def planted(here: Hostile, document: Any) -> int:
    """The number of a version that says `document`; the newest one does not."""
    version = here.plant(document)
    here.reset()
    return version


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with hostile_installation(tmp_path_factory.mktemp("hostile")) as made:
        yield made


def test_every_route_that_changes_something_says_whether_it_takes_settings() -> None:
    unsafe = {route for route in DECISIONS if route[0] != "GET"}
    saves = DOCUMENTS.keys() | FORMS | WALKED
    undecided = [
        route
        for route in unsafe - saves
        if not any(route[1] == prefix or route[1].startswith(prefix) for prefix in NO_SETTINGS)
    ]
    assert undecided == []
    assert unsafe >= saves
    assert secret_paths() == SECRET_PATHS


def is_about(field: str, path: str) -> bool:
    return f"{field}.".startswith(f"{path}.") or path.startswith(field)


def wrong_fields(document: dict[str, Any]) -> set[str]:
    try:
        settings_of(document)
    except InvalidSettings as error:
        return {one["field"] for one in error.details["errors"]}
    return set()


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:30])
def test_a_hostile_value_of_any_setting_is_refused_on_every_way_or_is_a_value_like_any_other(
    here: Hostile, value: Any
) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = []
    decided: dict[tuple[str, int], dict[str, Any]] = defaultdict(lambda: OWN)
    for leaf in LEAVES:
        document = with_leaf(leaf, value)
        if wrong_fields(document):
            wrong.append((leaf.path, document))
            continue
        for role in MAY:
            joined = merged(decided[role, decision(role, document)], document)
            # What is right alone may be wrong together, as two thresholds are.
            if not wrong_fields(joined):
                decided[role, decision(role, document)] = joined
    for (_, path), send in DOCUMENTS.items():
        for start in range(0, len(wrong), CHUNK):
            chunk = wrong[start : start + CHUNK]
            document = OWN
            for _, one in chunk:
                document = merged(document, one)
            before = here.reset()
            answer = send(here, "write", document)
            require_clean(answer, path, value)
            assert answer.status_code == 400, (path, value, answer.text)
            assert here.versions() == max(before, here.planted)
            if path.startswith("/api"):
                named = {error["field"] for error in answer.json()["error"]["details"]["errors"]}
                # Of many the first ones are named.
                assert any(is_about(field, leaf) for leaf, _ in chunk for field in named)
        for (role, status), document in decided.items():
            if path.endswith("/preview") and status in (200, 503):
                continue
            before = here.reset()
            answer = send(here, role, document)
            require_clean(answer, path, value, role)
            expected = decision(role, document)
            assert answer.status_code == expected, (path, value, role, answer.text)
            if expected != 200:
                assert here.versions() == max(before, here.planted)
    here.reset()


@pytest.mark.parametrize("section", sorted({leaf.section for leaf in LEAVES}))
def test_a_hostile_value_in_a_form_is_refused_or_is_text_like_any_other(here: Hostile, section: str) -> None:
    current = settings_of(OWN).document()
    leaves = [leaf for leaf in LEAVES if leaf.section == section]
    for value in TEXTS:
        alone = {leaf.path: value for leaf in leaves}
        for typed in (alone, *({leaf.path: value} for leaf in leaves if leaf.kind != "meaning")):
            for role in ("write", "operator") if value == TEXTS[0] else ("admin",):
                before = here.reset()
                document = document_of(current, section, typed)
                expected = decision(role, document)
                if expected == 400 and len(typed) == 1:
                    continue
                for path in ("/settings", "/settings/preview")[: 2 if expected == 403 else 1]:
                    answer = here.callers[role].post(f"{path}?section={section}", data=typed)
                    require_clean(answer, path, typed)
                    assert answer.status_code == expected, (path, typed, role, answer.text)
                    assert expected == 200 or here.versions() == before
    here.reset()


@pytest.mark.parametrize("leaf", GUARDED, ids=lambda leaf: leaf.path)
def test_what_is_not_the_callers_is_refused_on_every_way_in(here: Hostile, leaf: Any) -> None:
    document = with_leaf(leaf, second_value(leaf))
    roles = [role for role in MAY if leaf.kind not in MAY[role]]
    value = second_value(leaf)
    # A form has a line for each of a list.
    form = {leaf.path: "\n".join(value) if isinstance(value, list) else str(value)}
    for role in roles:
        for (_, path), send in DOCUMENTS.items():
            before = here.reset()
            answer = send(here, role, document)
            assert answer.status_code == 403, (role, path, answer.text)
            assert here.versions() == max(before, here.planted)
            if path.startswith("/api") and role != "read":
                assert leaf.path in answer.json()["error"]["details"]["paths"]
        for _, path in FORMS:
            assert here.callers[role].post(f"{path}?section={leaf.section}", data=form).status_code == 403
