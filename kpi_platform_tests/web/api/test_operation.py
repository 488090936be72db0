"""Webhooks, health, metrics, and what every answer carries."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from kpi_platform.adapters.fivetran_webhook import takes_webhooks, webhook_secret
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import downgrade
from kpi_platform.dashboard.fivetran_events import newest_event_at
from kpi_platform.web.app import create_app
from kpi_platform_tests.web.conftest import LOOPBACK, Web

MESSAGE = {"event": "sync_end", "sync_id": "s1", "connector_id": "c1", "data": {"status": "SUCCESSFUL"}}


@pytest.fixture
def configuration(configuration: Configuration) -> Configuration:
    environment = {**configuration.environment, "FIVETRAN_WEBHOOK_SECRET": "webhook secret"}
    return Configuration.from_environment(environment)


def post(client: TestClient, message: Any, secret: str = "webhook secret") -> Any:
    body = json.dumps(message).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().upper()
    headers = {"X-Fivetran-Signature-256": signature, "Content-Type": "application/json"}
    return client.post("/api/webhooks/fivetran", content=body, headers=headers)


def test_a_signed_webhook_is_taken_once(web: Web) -> None:
    client = web.anonymous()
    assert post(client, MESSAGE).json() == {"outcome": "accepted"}
    assert post(client, MESSAGE).json() == {"outcome": "duplicate"}
    assert post(client, {**MESSAGE, "event": "sync_start"}).json() == {"outcome": "ignored"}
    with web.engine.connect() as connection:
        assert newest_event_at(connection) is not None


CREATED = {"event": "test_event", "created": "2026-03-01T06:00:00Z", "connector_type": "salesforce"}


@pytest.mark.parametrize(
    "message",
    [
        CREATED | {"connector_id": "_connection_1", "group_id": "_group_1"},
        {"event": "status", "connection_id": "c1", "data": {"status": "BROKEN"}},
        {"event": "transformation_run_start", "transformation_id": "t", "data": None},
        {"event": "an_event_of_tomorrow" * 20},
        {"event": 7, "sync_id": ["x"]},
        {},
        [],
        "half a pair: \ud800, and \0",
    ],
)
def test_every_rightly_signed_message_is_answered_with_200_whatever_it_says(web: Web, message: Any) -> None:
    answer = post(web.anonymous(), message)
    assert (answer.status_code, answer.json()) == (200, {"outcome": "ignored"})
    with web.engine.connect() as connection:
        assert newest_event_at(connection) is None


@pytest.mark.parametrize(
    "message",
    [
        {"event": "sync_end"},
        MESSAGE | {"sync_id": "x" * 500},
        {"event": "sync_end", "sync_id": "s9", "connection_id": "c" * 900},
    ],
)
def test_a_sync_that_ended_hastens_the_look_whichever_fields_say_it(web: Web, message: Any) -> None:
    client = web.anonymous()
    assert post(client, message).json() == {"outcome": "accepted"}
    assert post(client, message).json() == {"outcome": "duplicate"}
    with web.engine.connect() as connection:
        assert newest_event_at(connection) is not None


def test_without_a_variable_the_secret_is_a_file_that_its_owner_alone_reads(tmp_path: Path) -> None:
    fresh = Configuration.from_environment({"KPI_PLATFORM_HOME": str(tmp_path)})
    assert not takes_webhooks(fresh)
    secret = webhook_secret(fresh)
    assert takes_webhooks(fresh)
    assert webhook_secret(fresh) == secret and len(secret) == 64
    assert (tmp_path / "fivetran_webhook_key").stat().st_mode & 0o777 == 0o600


def test_a_webhook_with_a_wrong_signature_changes_nothing(web: Web) -> None:
    client = web.anonymous()
    assert post(client, MESSAGE, secret="guess").status_code == 401
    assert client.post("/api/webhooks/fivetran", json=MESSAGE).status_code == 401
    forged = {**MESSAGE, "sync_id": "s2"}
    body = json.dumps(MESSAGE).encode()
    right = hmac.new(b"webhook secret", body, hashlib.sha256).hexdigest()
    headers = {"X-Fivetran-Signature-256": right}
    assert client.post("/api/webhooks/fivetran", json=forged, headers=headers).status_code == 401
    with web.engine.connect() as connection:
        assert newest_event_at(connection) is None


def test_the_app_lives_without_a_database_and_is_ready_with_the_right_one(web: Web) -> None:
    client = web.anonymous()
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    downgrade(web.engine, "-1")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "kpi-platform db upgrade" in answer.json()["error"]["message"]


def test_metrics_count_requests_by_route_and_name_no_customer(web: Web) -> None:
    web.client().get("/api/accounts/4711")
    web.anonymous().get("/no/such/page")
    text = web.anonymous().get("/metrics").text
    assert 'route="/api/accounts/{account_id}",status="404"} 1.0' in text
    assert 'kpi_platform_http_requests_total{method="none",route="none",status="404"} 1.0' in text
    assert "kpi_platform_customers 2.0" in text
    assert "acme" not in text
    assert "4711" not in text


@pytest.mark.parametrize("path", ["/healthz", "/api/accounts", "/no/such/page", "/sign-in/link?key=x"])
def test_every_answer_carries_the_security_headers(web: Web, path: str) -> None:
    headers = web.anonymous().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert len(headers["x-request-id"]) == 16
    assert "strict-transport-security" not in headers


def test_over_https_the_cookie_and_the_browser_keep_to_it(web: Web) -> None:
    browser = TestClient(web.app, base_url="https://localhost", follow_redirects=False)
    origin = {"Origin": "https://localhost"}
    answer = browser.post("/sign-in", data={"token": web.token()}, headers=origin)
    name, *rest = answer.headers["set-cookie"].replace("=", "; ", 1).split("; ")
    assert name == "__Host-kpi_session"
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} < set(rest)
    assert not any(part.startswith("Domain") for part in rest)
    assert browser.get("/status").status_code == 200
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


def test_an_unexpected_error_says_nothing_but_its_request_id(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    @web.app.get("/broken")
    def broken() -> None:
        raise RuntimeError("select * from secrets")

    answer = web.anonymous(**{"X-Request-ID": "my-request-1"}).get("/broken")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "my-request-1"
    assert "secrets" not in answer.text
    assert answer.json()["error"]["details"] == {"request_id": "my-request-1"}
    assert "[my-request-1] GET /broken failed." in caplog.text
    assert "select * from secrets" in caplog.text


def test_a_database_that_does_not_answer_is_unavailable(configuration: Configuration) -> None:
    environment = {
        **configuration.environment,
        "DASHBOARD_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1",
    }
    app = create_app(Configuration.from_environment(environment))
    client = TestClient(app, LOOPBACK, raise_server_exceptions=False)
    assert client.get("/healthz").status_code == 200
    answer = client.get("/api/accounts", headers={"Authorization": "Bearer kpi_x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert "nobody" not in answer.text


def test_a_large_body_is_refused(web: Web) -> None:
    answer = web.client().put("/api/fivetran/config", json={"x": "x" * 1_100_000})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_the_use_of_a_token_is_noted(web: Web) -> None:
    web.client().get("/api/accounts")
    with web.engine.connect() as connection:
        used = connection.execute(sa.text("select last_used_at from api_tokens")).scalar()
    assert used is not None
