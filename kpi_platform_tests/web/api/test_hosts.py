"""The app answers to its own names."""

import pytest
from fastapi.testclient import TestClient

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration
from kpi_platform.web.app import create_app
from kpi_platform.web.hosts import OwnHosts
from kpi_platform_tests.web.conftest import Web

NAMED = {
    "KPI_WEB_URL": "https://kpi.example.com:8443/",
    "KPI_WEB_HOSTS": " reports.example.com, *.Internal.example,2001:db8::1 ",
}


@pytest.mark.parametrize(
    ("host", "answers"),
    [
        ("127.0.0.1:8080", True),
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("localhost.", True),
        ("[::1]:8080", True),
        ("kpi.example.com", True),
        ("kpi.example.com:8443", True),
        ("reports.example.com", True),
        ("a.internal.example", True),
        ("a.b.internal.example", True),
        ("[2001:db8::1]", True),
        ("internal.example", False),
        ("xinternal.example", False),
        ("evil.example", False),
        ("kpi.example.com.evil.example", False),
        ("localhost.evil.example", False),
        ("10.0.0.4:8080", False),
        ("kpi.example.com@evil.example", False),
        ("kpi.example.com:port", False),
        ("kpi.example.com/", False),
        ("", False),
    ],
)
def test_it_answers_to_loopback_names_its_own_address_and_those_that_are_listed(
    host: str, answers: bool
) -> None:
    assert OwnHosts.of(Configuration.from_environment(NAMED)).answer_to([host]) == answers


def test_no_host_and_two_hosts_are_none() -> None:
    hosts = OwnHosts.of(Configuration.from_environment({"KPI_WEB_HOSTS": "*"}))
    assert hosts.answer_to(["anything.example"])
    assert not hosts.answer_to([])
    assert not hosts.answer_to(["localhost", "localhost"])


def test_a_malformed_host_is_named() -> None:
    with pytest.raises(MissingConfiguration, match=r"KPI_WEB_HOSTS holds 'https://kpi\.example\.com'"):
        OwnHosts.of(Configuration.from_environment({"KPI_WEB_HOSTS": "a.example, https://kpi.example.com"}))


@pytest.mark.parametrize("path", ["/", "/api/accounts", "/static/app.css", "/no/such/page"])
def test_another_host_is_refused_in_plain_words(web: Web, path: str) -> None:
    client = web.client(Host="evil.example")
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "unknown_host")
    assert "KPI_WEB_HOSTS" in answer.json()["error"]["message"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, "does not answer under this name" in page.text) == (421, True)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_may_ask_an_address(web: Web, path: str) -> None:
    assert web.anonymous(Host="10.1.2.3:8080").get(path).status_code == 200


def test_it_answers_to_the_address_that_it_is_served_on(configuration: Configuration) -> None:
    app = create_app(configuration, host="Kpi.Local")
    assert TestClient(app, "http://kpi.local:8080").get("/sign-in").status_code == 200
