import stat
from urllib.parse import urlsplit

import pytest

from kpi_platform.dashboard.tokens import list_tokens, revoke_token
from kpi_platform.web.sign_in import sign_in_link
from kpi_platform_tests.web.conftest import Web


def test_the_link_of_the_local_operator_works_once(web: Web) -> None:
    link = urlsplit(sign_in_link(web.configuration, web.engine))
    assert link.netloc == "127.0.0.1:8080"
    path = f"{link.path}?{link.query}"
    first, second = web.anonymous(), web.anonymous()
    answer = first.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert second.get(path).headers["location"].startswith("/sign-in?failed=link")
    assert not second.cookies


def test_the_session_key_is_made_once_and_only_its_owner_reads_it(web: Web) -> None:
    file = web.configuration.home / "session_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = file.read_bytes()
    sign_in_link(web.configuration, web.engine)
    assert file.read_bytes() == key


def test_revoking_the_token_ends_its_sessions(web: Web) -> None:
    browser = web.signed_in()
    assert browser.post("/customer", data={"customer": "acme"}).status_code == 403  # no form token
    with web.engine.begin() as connection:
        for token in list_tokens(connection):
            revoke_token(connection, token.id)
    assert browser.post("/customer", data={"customer": "acme"}).status_code == 401


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "x"])
def test_signing_in_never_leads_to_another_site(web: Web, target: str) -> None:
    answer = web.anonymous().post("/sign-in", data={"token": web.token(), "next": target})
    assert answer.headers["location"] == "/"


def test_guessing_tokens_is_slowed_down(web: Web) -> None:
    browser = web.anonymous()
    places = [browser.post("/sign-in", data={"token": f"kpi_{n}"}).headers["location"] for n in range(6)]
    assert ["failed=token" in place for place in places] == [True] * 5 + [False]
    assert "failed=throttled" in places[5]
    assert "failed=throttled" in browser.post("/sign-in", data={"token": web.token()}).headers["location"]
