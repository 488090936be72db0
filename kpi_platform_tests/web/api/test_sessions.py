"""A session is over when somebody signs out, when its token ends, or after twelve hours: everywhere."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from kpi_platform.dashboard import database, tables
from kpi_platform.dashboard.sessions import session_token, start_session
from kpi_platform.dashboard.tokens import create_token, list_tokens, revoke_token, usable_token
from kpi_platform.web.app import create_app
from kpi_platform.web.sessions import SESSION_COOKIE
from kpi_platform.web.sign_in import sign_in_link
from kpi_platform_tests.web.conftest import LOOPBACK, Web


def is_signed_in(client: TestClient) -> bool:
    return client.get("/status").status_code == 200


def sign_out(browser: TestClient) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/status?choose=1").text)
    assert token is not None
    answer = browser.post("/sign-out", data={"csrf_token": token[1]})
    assert answer.headers["location"] == "/sign-in"


def test_a_signed_out_session_is_over_though_somebody_has_kept_its_cookie(web: Web) -> None:
    browser, another = web.signed_in(), web.signed_in()
    thief = web.anonymous()
    thief.cookies.set(SESSION_COOKIE, browser.cookies[SESSION_COOKIE])
    assert is_signed_in(thief)
    sign_out(browser)
    assert SESSION_COOKIE not in browser.cookies
    assert not is_signed_in(thief)
    assert is_signed_in(another)


def test_a_session_outlives_the_process_and_ends_in_every_process(web: Web) -> None:
    browser = web.signed_in()
    second = create_app(web.configuration)
    elsewhere = TestClient(second, LOOPBACK, follow_redirects=False)
    elsewhere.cookies.set(SESSION_COOKIE, browser.cookies[SESSION_COOKIE])
    assert is_signed_in(elsewhere)
    sign_out(elsewhere)
    assert not is_signed_in(browser)
    second.state.engine.dispose()


def test_revoking_the_token_ends_its_sessions(web: Web) -> None:
    browser = web.signed_in()
    assert browser.post("/customer", data={"customer": "acme"}).status_code == 403  # no form token
    with web.engine.begin() as connection:
        for token in list_tokens(connection):
            revoke_token(connection, token.id)
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.sessions)) == 0
    assert browser.post("/customer", data={"customer": "acme"}).status_code == 401


def test_the_token_of_a_link_ends_with_its_session_and_others_go_on(web: Web) -> None:
    browser = web.anonymous()
    link = urlsplit(sign_in_link(web.configuration, web.engine, who="test"))
    browser.get(f"{link.path}?{link.query}")
    with web.engine.connect() as connection:
        (token,) = list_tokens(connection)
        assert usable_token(connection, token.id) is not None
    sign_out(browser)
    with web.engine.connect() as connection:
        assert usable_token(connection, token.id) is None
    text = web.token(None, "admin")
    other = web.anonymous()
    other.post("/sign-in", data={"token": text})
    sign_out(other)
    assert web.anonymous(Authorization=f"Bearer {text}").get("/api/customers").status_code == 200


def test_a_session_ends_after_twelve_hours_and_is_cleared_away(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.begin() as connection:
        _, token = create_token(connection, name="ann", customer=None, scope="read", who="test")
        secret = start_session(connection, token.id)
        assert session_token(connection, secret) == token
        assert session_token(connection, "another") is None
        long_ago = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(sa.update(tables.sessions).values(expires_at=long_ago))
        assert session_token(connection, secret) is None
        start_session(connection, token.id)
        rows = connection.execute(sa.select(tables.sessions)).all()
        assert len(rows) == 1
        assert secret not in str(rows)


def test_a_cookie_of_an_earlier_version_is_no_session(web: Web) -> None:
    from itsdangerous import URLSafeTimedSerializer

    key = (web.configuration.home / "session_key").read_bytes()
    web.token(None, "admin")
    old = URLSafeTimedSerializer(key, salt="kpi_platform session").dumps([1, "nonce"])
    browser = web.anonymous()
    browser.cookies.set(SESSION_COOKIE, str(old))
    assert not is_signed_in(browser)


@pytest.mark.parametrize("used", [True, False])
def test_tokens_of_former_links_are_known_as_such_and_end_with_their_sessions(
    any_dashboard_engine: sa.Engine, used: bool
) -> None:
    engine = any_dashboard_engine
    database.downgrade(engine, "0009")
    now = datetime.now(UTC)
    row = {
        "token_hash": "x", "name": "local operator", "scope": "admin", "created_by": "kpi-platform",
        "created_at": now, "last_used_at": now if used else None,
    }  # fmt: skip
    old = [column for column in tables.api_tokens.c if column.name != "single_session"]
    with engine.begin() as connection:
        former = sa.table("api_tokens", *(sa.column(one.name, one.type) for one in old))
        connection.execute(sa.insert(former).values(row))
        connection.execute(sa.insert(former).values(row | {"token_hash": "y", "created_by": "ann"}))
    database.upgrade(engine)
    with engine.connect() as connection:
        of_link, of_ann = list_tokens(connection)
    assert (of_link.single_session, of_link.revoked_at is not None) == (True, used)
    assert (of_ann.single_session, of_ann.revoked_at) == (False, None)
