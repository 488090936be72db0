"""Our webhook in Fivetran: secret first, https alone, and made again if Fivetran has switched it off."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.adapters.fivetran_webhook import takes_webhooks, webhook_secret
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.fivetran_account import FivetranAccount, fivetran_account
from kpi_platform.domain.errors import FivetranRefused, InvalidInput
from kpi_platform.pipeline import fivetran_webhook
from kpi_platform.pipeline.fivetran_webhook import create_webhook, look_after_webhook, remove_webhook
from kpi_platform_tests.adapters.scripted_server import Answer, ScriptedServer, scripted

OURS = {
    "id": "w1",
    "url": "https://kpi.example/api/webhooks/fivetran",
    "events": ["sync_end"],
    "active": True,
}
NONE = Answer(body={"data": {"items": []}})
MADE = Answer(body={"data": OURS})
GONE = Answer(404, {"code": "NotFound_Webhook", "message": "no"})


def at(configuration: Configuration, server: ScriptedServer) -> Configuration:
    environment = {**configuration.environment, "KPI_WEB_URL": "https://kpi.example"}
    return replace(configuration, fivetran_api_url=server.url, environment=environment)


def known(engine: sa.Engine) -> FivetranAccount:
    with engine.connect() as connection:
        return fivetran_account(connection)


def looked_after(configuration: Configuration, engine: sa.Engine) -> str | None:
    with open_fivetran(configuration) as api:
        return look_after_webhook(configuration, engine, lambda: api)


def test_the_secret_is_there_before_fivetran_makes_its_test(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    with scripted(NONE, MADE) as server:
        here = at(configuration, server)
        assert not takes_webhooks(here)
        create_webhook(here, sqlite_engine, who="ann")
        [_, (_, path, body)] = server.requests
    assert path == "/v1/webhooks/account"
    wanted: dict[str, Any] = {"url": OURS["url"], "events": ["sync_end"], "active": True}
    assert body == wanted | {"secret": webhook_secret(here)}
    assert known(sqlite_engine).webhook["id"] == "w1"


def test_an_older_webhook_of_ours_goes_when_the_new_one_is_made(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    others = {"id": "theirs", "url": "https://other.example", "active": True}
    listed = Answer(body={"data": {"items": [others, OURS | {"id": "w0"}]}})
    with scripted(listed, MADE, Answer(body={})) as server:
        create_webhook(at(configuration, server), sqlite_engine, who="ann")
        assert [(method, path) for method, path, _ in server.requests][2:] == [("DELETE", "/v1/webhooks/w0")]


def test_an_address_that_is_not_https_is_refused_before_fivetran_is_asked(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    away = replace(
        configuration, fivetran_api_url="https://api.fivetran.invalid", environment={"FIVETRAN_API_KEY": "k"}
    )
    with pytest.raises(InvalidInput, match="https"):
        create_webhook(away, sqlite_engine, who="ann")


def test_a_webhook_whose_test_was_not_taken_says_what_must_be_reached(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    refusal = Answer(400, {"code": "InvalidInput", "message": "The webhook test failed"})
    with scripted(NONE, refusal) as server, pytest.raises(FivetranRefused, match="answered 200"):
        create_webhook(at(configuration, server), sqlite_engine, who="ann")
    assert known(sqlite_engine).webhook == {}


def test_a_webhook_that_fivetran_switched_off_is_switched_on_again_and_said_so(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    off = Answer(body={"data": OURS | {"active": False}})
    with scripted(NONE, MADE, off, Answer(body={"data": OURS})) as server:
        here = at(configuration, server)
        create_webhook(here, sqlite_engine, who="ann")
        text = looked_after(here, sqlite_engine)
        assert server.requests[-1] == ("PATCH", "/v1/webhooks/w1", {"active": True})
    assert text is not None
    assert "switched off by Fivetran, and was made again" in text
    assert known(sqlite_engine).webhook["active"] is True


def test_a_webhook_that_cannot_be_made_again_is_shown_as_off(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    refusal = Answer(400, {"code": "InvalidInput", "message": "The webhook test failed"})
    with scripted(NONE, MADE, GONE, refusal) as server:
        here = at(configuration, server)
        create_webhook(here, sqlite_engine, who="ann")
        text = looked_after(here, sqlite_engine)
    assert text is not None
    assert "could not be made again" in text
    assert known(sqlite_engine).webhook["active"] is False


def test_without_a_webhook_of_ours_nothing_is_asked(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    with scripted(NONE, MADE, Answer(body={})) as server:
        here = at(configuration, server)
        assert looked_after(here, sqlite_engine) is None
        assert server.requests == []
        create_webhook(here, sqlite_engine, who="ann")
        remove_webhook(here, sqlite_engine, "w1", who="ann")
        assert looked_after(here, sqlite_engine) is None
        assert server.requests[-1][:2] == ("DELETE", "/v1/webhooks/w1")


def test_our_webhook_is_tested_if_no_other_is_named(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    taken = Answer(body={"data": {"succeed": True, "status": 200, "message": "OK"}})
    with scripted(NONE, MADE, taken) as server:
        here = at(configuration, server)
        with pytest.raises(InvalidInput, match="no webhook of ours"):
            fivetran_webhook.test_webhook(here, sqlite_engine)
        create_webhook(here, sqlite_engine, who="ann")
        assert fivetran_webhook.test_webhook(here, sqlite_engine)[0]
        assert server.requests[-1][:2] == ("POST", "/v1/webhooks/w1/test")
