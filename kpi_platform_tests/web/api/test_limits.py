"""Limits of one caller of the app: levels, turns, and the time of its health."""

import asyncio
import threading
import time
from contextlib import ExitStack

import pytest

from kpi_platform.dashboard.sync_requests import finish_sync_request
from kpi_platform.domain.errors import Unavailable
from kpi_platform.domain.json_text import is_too_deep
from kpi_platform.domain.settings.parsing import MAX_DEPTH
from kpi_platform.web import readiness
from kpi_platform.web.readiness import Readiness
from kpi_platform.web.refusals import TooBusy
from kpi_platform.web.turns import Turns
from kpi_platform_tests.pipeline.desk import T1
from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.web.api.decisions import DECISIONS
from kpi_platform_tests.web.api.test_dashboard import LoadedDesk
from kpi_platform_tests.web.conftest import Web

CHANGING = [one for one in DECISIONS if one[0] != "GET"]
DEEP = "[" * 900 + "]" * 900
OBJECTS = '{"a":' * 900 + "1" + "}" * 900


@pytest.mark.parametrize("body", [DEEP, OBJECTS, '{"warehouse": ' + OBJECTS + "}", "[" * 500_000])
def test_a_body_that_nests_too_deep_is_a_400_of_our_form_everywhere(web: Web, body: str) -> None:
    client = web.operator()
    for method, pattern in CHANGING:
        path = pattern.replace(":path}", "}").format_map(_Any())
        answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, (path, answer.text)
        assert "nests deeper than 64 levels" in answer.json()["error"]["message"]


def test_a_body_with_a_key_twice_is_refused_with_its_line(web: Web) -> None:
    body = '{"alerts": {"on_stale_hours": 5,\n"on_stale_hours": 6}}'
    for method, path in (("PUT", "/api/fivetran/config"), ("POST", "/api/fivetran/config/preview")):
        answer = web.client().request(
            method, path, content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400
        assert "line 2: the key 'on_stale_hours'" in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", ['{"alerts": {"\\ud800": 1}}', '{"custom_kpis": [{"table": "\\udfff"}]}'])
def test_half_a_character_is_refused_wherever_it_stands(web: Web, body: str) -> None:
    for path in ("/api/fivetran/schedule", "/api/fivetran/config/preview", "/api/customers"):
        answer = web.operator().post(path, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, "half of a character" in answer.text) == (400, True)


def test_a_form_with_a_number_of_thousands_of_digits_is_shown_again(web: Web) -> None:
    for name in ("sync_frequency_minutes", "timezone"):
        answer = web.client().post("/settings?section=fivetran", data={f"fivetran.{name}": "1" * 5000})
        assert answer.status_code == 400


class _Any(dict[str, str]):
    def __missing__(self, _: str) -> str:
        return "1"


def test_a_custom_kpi_form_that_nests_too_deep_is_refused(web: Web) -> None:
    from kpi_platform.web.body import parse_field

    with pytest.raises(Exception, match="nests deeper than 64 levels"):
        parse_field(OBJECTS)
    assert parse_field('{"any": [[1]]}') == {"any": [[1]]}


@pytest.mark.parametrize(
    ("text", "too_deep"),
    [
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, False),
        ("[" * (MAX_DEPTH + 1), True),
        ("[" + "[]," * 1000 + "[]]", False),
        ('"' + "[" * 1000 + '"', False),
        ('"\\"' + "[" * 1000 + '"', False),
        ('["\\\\", ' + "[" * 1000, True),
        ("{" * 100, True),
    ],
)
def test_levels_are_counted_outside_of_texts(text: str, too_deep: bool) -> None:
    assert is_too_deep(text.encode()) == too_deep


@pytest.mark.parametrize("part", ["[" * 64 + "]" * 64, '"\\', "[]", '"', "\\", "[,]", '""'])
def test_counting_levels_is_quick_whatever_the_text(part: str) -> None:
    began = time.monotonic()
    text = (part * (1_000_000 // len(part))).encode()
    is_too_deep(b"[" * 65 + b"]" * 65 + text)
    is_too_deep(text + b"[" * 65)
    assert time.monotonic() - began < 2


def test_a_customer_has_two_turns_and_takes_none_of_another() -> None:
    turns = Turns(each=2, all_=3, what="explanations", retry_after_seconds=5)
    with turns.take("acme"), turns.take("acme"):
        with pytest.raises(TooBusy, match="2 explanations of yours") as refused, turns.take("acme"):
            pass
        assert refused.value.details == {"retry_after_seconds": 5}
        with turns.take("bolt"), pytest.raises(TooBusy, match="Too many"), turns.take("cask"):
            pass
    with turns.take("acme"):
        pass


HEAVY = (
    "/api/accounts/{account}/kpis/nps/explanation",
    "/api/fivetran/config/preview",
    "/api/fivetran/test-connection",
    "/accounts/{account}/kpis/nps/explanation",
    "/settings/preview",
    "/settings/test-connection",
    "/settings/test-alerts",
    "/api/alerts/test",
    "/runs/tables",
)


def test_more_than_two_at_once_are_told_to_wait(web: Web) -> None:
    LoadedDesk(web.configuration, web, "acme").load(T1, [MartAccount("001A", "Northwind", {"nps": 40})])
    client = web.client("acme")
    (account,) = client.get("/api/accounts").json()["accounts"]
    turns: Turns = web.app.state.heavy_turns
    with turns.take("acme"), turns.take("acme"):
        for pattern in HEAVY:
            path = pattern.format(account=account["id"])
            method = "GET" if path.endswith(("/explanation", "/tables")) else "POST"
            answer = client.request(method, path, json={} if "/api" in path and method == "POST" else None)
            assert (answer.status_code, answer.headers.get("retry-after")) == (429, "5"), path
            words = answer.json()["error"]["message"] if path.startswith("/api") else answer.text
            assert "2 explanations, previews or tests of yours are being worked on already." in words, path
        others = web.client("bolt").post("/api/fivetran/test-connection", json={})
        assert others.status_code == 200


def test_a_customer_watches_twenty_syncs_at_once(web: Web) -> None:
    client = web.client("acme")
    request = client.post("/api/fivetran/sync", json={}).json()
    turns: Turns = web.app.state.watch_turns
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(turns.take("acme"))
        refused = client.get(f"/api/fivetran/sync/{request['id']}/events")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    with web.engine.begin() as connection:
        finish_sync_request(connection, request["id"], "done", results={})
    assert client.get(f"/api/fivetran/sync/{request['id']}/events").status_code == 200
    with turns.take("acme"):
        assert turns._taken["acme"] == 1


def test_readiness_does_not_wait_for_a_database_that_hangs(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    asked = []

    def hang(engine: object) -> None:
        asked.append(engine)
        free.wait(10)

    monkeypatch.setattr(readiness, "require_current_schema", hang)
    ready = Readiness(web.engine, seconds=0.1)

    async def ask() -> list[BaseException | None]:
        found = await asyncio.gather(*(ready.require() for _ in range(20)), return_exceptions=True)
        free.set()
        await ready.require()
        return found

    found = asyncio.run(ask())
    assert {type(one) for one in found} == {Unavailable}
    assert len(asked) == 1
    ready.close()
