"""Signing in with a link or a token, from this app's own page alone."""

from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.tokens import list_tokens
from kpi_platform.web.sign_in import sign_in_link
from kpi_platform_tests.web.conftest import LOOPBACK, Web


def link_path(web: Web, customer: str | None = None) -> str:
    link = urlsplit(sign_in_link(web.configuration, web.engine, who="test", customer=customer))
    assert link.netloc == "127.0.0.1:8080"
    return f"{link.path}?{link.query}"


def test_the_link_of_the_local_operator_works_once(web: Web) -> None:
    path = link_path(web)
    first, second = web.anonymous(), web.anonymous()
    answer = first.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert second.get(path).headers["location"].startswith("/sign-in?failed=link")
    assert not second.cookies


def test_a_link_of_a_customer_shows_its_data_alone(web: Web) -> None:
    browser = web.anonymous()
    browser.get(link_path(web, "acme"))
    assert browser.get("/api/accounts").status_code == 200
    assert browser.get("/api/accounts", headers={"X-Customer-ID": "bolt"}).status_code == 403


def test_who_is_sent_to_a_link_by_another_site_is_asked_first(web: Web) -> None:
    path = link_path(web)
    browser = web.anonymous(**{"Sec-Fetch-Site": "cross-site", "Origin": "null"})
    asked = browser.get(path)
    assert (asked.status_code, "Sign in?" in asked.text, browser.cookies) == (200, True, {})
    key = path.partition("key=")[2]
    assert browser.post("/sign-in/link", data={"key": key}).status_code == 403
    answer = web.anonymous().post("/sign-in/link", data={"key": key})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("headers", "signed_in"),
    [
        ({}, False),
        ({"Origin": LOOPBACK}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:3000"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Origin": "https://evil.example", "Referer": f"{LOOPBACK}/sign-in"}, False),
        ({"Referer": f"{LOOPBACK}/sign-in"}, True),
        ({"Referer": "https://evil.example/127.0.0.1"}, False),
        ({"Referer": "https://127.0.0.1@evil.example/"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site", "Origin": LOOPBACK}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": LOOPBACK}, False),
    ],
)
def test_nobody_is_signed_in_from_another_site(web: Web, headers: dict[str, str], signed_in: bool) -> None:
    browser = web.anonymous()
    del browser.headers["origin"]
    answer = browser.post("/sign-in", data={"token": web.token()}, headers=headers)
    assert (answer.status_code, bool(browser.cookies)) == ((303, True) if signed_in else (403, False))
    if not signed_in:
        assert answer.json()["error"]["message"].startswith("The form comes from another site")


class TestBehindAProxy:
    """It ends https, and passes the host on; nothing says that it is trusted."""

    @pytest.fixture
    def configuration(self, configuration: Configuration) -> Configuration:
        return Configuration.from_environment(
            {**configuration.environment, "KPI_WEB_URL": "https://kpi.example.com"}
        )

    def test_cookies_are_secure_where_the_address_is_https(self, web: Web) -> None:
        browser = web.anonymous(Host="kpi.example.com", Origin="https://kpi.example.com")
        answer = browser.post("/sign-in", data={"token": web.token()})
        assert answer.headers["set-cookie"].startswith("__Host-kpi_session=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "strict-transport-security" in answer.headers

    def test_a_page_that_came_without_https_signs_nobody_in(self, web: Web) -> None:
        browser = web.anonymous(Host="kpi.example.com", Origin="http://kpi.example.com")
        assert browser.post("/sign-in", data={"token": web.token()}).status_code == 403


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "x"])
def test_signing_in_never_leads_to_another_site(web: Web, target: str) -> None:
    answer = web.anonymous().post("/sign-in", data={"token": web.token(), "next": target})
    assert answer.headers["location"] == "/"


def test_guessing_tokens_is_slowed_down_and_nobody_else_is(web: Web) -> None:
    browser = web.anonymous()
    places = [browser.post("/sign-in", data={"token": f"kpi_{n}"}).headers["location"] for n in range(6)]
    assert ["failed=token" in place for place in places] == [True] * 5 + [False]
    assert "failed=throttled" in places[5]
    assert "failed=throttled" in browser.post("/sign-in", data={"token": web.token()}).headers["location"]
    assert web.anonymous().post("/sign-in", data={"token": web.token()}).headers["location"] == "/"


def test_a_success_forgives_no_failures(web: Web) -> None:
    browser = web.anonymous()
    for n in range(4):
        browser.post("/sign-in", data={"token": f"kpi_{n}"})
    assert browser.post("/sign-in", data={"token": web.token()}).headers["location"] == "/"
    browser.post("/sign-in", data={"token": "kpi_5"})
    assert "throttled" in browser.post("/sign-in", data={"token": "kpi_6"}).headers["location"]


def test_one_account_is_guessed_at_no_faster_from_many_addresses(web: Web) -> None:
    places = [
        web.anonymous().post("/sign-in", data={"token": "kpi_same"}).headers["location"] for _ in range(21)
    ]
    assert ["throttled" in place for place in places] == [False] * 20 + [True]
    assert web.anonymous().post("/sign-in", data={"token": web.token()}).headers["location"] == "/"


def test_bearer_tokens_that_fail_are_slowed_down_and_valid_ones_never(web: Web) -> None:
    client = web.anonymous()
    answers = [client.get("/api/accounts", headers={"Authorization": f"Bearer kpi_{n}"}) for n in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["error"]["code"] == "too_many_attempts"
    valid = {"Authorization": f"Bearer {web.token()}"}
    assert client.get("/api/accounts", headers=valid).status_code == 200
    many = [
        web.anonymous(Authorization="Bearer kpi_same").get("/api/accounts").status_code for _ in range(31)
    ]
    assert many == [401] * 30 + [429]


def test_making_a_link_is_noted(web: Web) -> None:
    link_path(web, "acme")
    with web.engine.connect() as connection:
        (event,) = connection.execute(sa.text("select who, action from audit_events")).all()
        (token,) = list_tokens(connection)
    assert tuple(event) == ("test", "token.create")
    assert (token.customer, token.scope, token.single_session) == ("acme", "admin", True)
