"""The test of a warehouse connection: its steps, and the hosts that it never reaches."""

import socket
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline import connection_test
from kpi_platform_tests.web.conftest import Web

PASSWORD = "KPI_SECRET_ACME_PASSWORD"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(5)
        server.settimeout(0)
        yield server


@pytest.fixture
def configuration(configuration: Configuration) -> Configuration:
    environment = {
        "KPI_ALLOWED_HOSTS": "localhost, *.example.com, 10.1.0.0/16",
        PASSWORD: "marker",
    }
    return Configuration.from_environment({**configuration.environment, **environment})


def warehouse(host: str, port: int = 5432) -> dict[str, object]:
    address = {"type": "postgres", "host": host, "port": port, "database": "d", "username": "u"}
    return address | {"credentials_secret": PASSWORD}


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("169.254.169.254", "not on the operator's list"),
        ("127.0.0.1", "not on the operator's list"),
        ("internal.other.com", "not on the operator's list"),
        ("localhost", "is not one that may be reached"),  # the name is allowed, its address is not
    ],
)
def test_a_host_that_is_not_allowed_is_never_reached(
    web: Web, listener: socket.socket, host: str, message: str
) -> None:
    body = {"warehouse": warehouse(host, listener.getsockname()[1])}
    answer = web.operator().post("/api/fivetran/test-connection", json=body)
    [step] = answer.json()["steps"]
    assert (answer.status_code, answer.json()["ok"], step["name"]) == (200, False, "resolve")
    assert message in step["error"]
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_server_that_does_not_answer_ends_the_test_in_time(
    configuration: Configuration, listener: socket.socket
) -> None:
    allowed = Configuration.from_environment({**configuration.environment, "KPI_ALLOWED_HOSTS": "127.0.0.1"})
    settings = parse_settings({"warehouse": warehouse("127.0.0.1", listener.getsockname()[1])})
    secrets = CustomerSecrets(allowed, "acme")
    steps = list(connection_test.test_connection(allowed, settings, secrets, limit_seconds=1.0))
    assert [(step.name, step.ok) for step in steps] == [
        ("resolve", True), ("connect", True), ("authenticate", False),
    ]  # fmt: skip
    assert steps[-1].error is not None
    assert "No answer within 1 seconds" in steps[-1].error


def test_the_saved_connection_is_tested_step_by_step(web: Web) -> None:
    answer = web.client().post("/api/fivetran/test-connection").json()
    assert (answer["ok"], answer["steps"][0]["name"]) == (False, "resolve")
    assert "does not exist" in answer["steps"][0]["error"]


def test_a_password_in_the_body_is_refused_and_not_repeated(web: Web) -> None:
    body = {"warehouse": {**warehouse("db.example.com"), "password": "hunter2"}}
    answer = web.client().post("/api/fivetran/test-connection", json=body)
    assert answer.status_code == 400
    assert "credentials_secret" in answer.json()["error"]["message"]
    assert "hunter2" not in answer.text


@pytest.mark.postgres
def test_a_wrong_password_is_told_apart_from_an_unreachable_host(web: Web, postgres_url: str) -> None:
    url = sa.make_url(postgres_url)
    environment = {**web.configuration.environment, "KPI_ALLOWED_HOSTS": "127.0.0.1"}
    web.app.state.configuration = Configuration.from_environment(environment)
    body = {
        "warehouse": {
            "type": "postgres", "host": "127.0.0.1", "port": url.port, "database": url.database,
            "username": "stranger", "credentials_secret": PASSWORD,
        }
    }  # fmt: skip
    steps = web.operator().post("/api/fivetran/test-connection", json=body).json()["steps"]
    assert [(step["name"], step["ok"]) for step in steps][-1] == ("authenticate", False)
    assert "marker" not in str(steps)
    body["warehouse"] |= {"port": 1}
    steps = web.operator().post("/api/fivetran/test-connection", json=body).json()["steps"]
    assert (steps[-1]["name"], steps[-1]["ok"]) == ("connect", False)


@pytest.mark.postgres
def test_a_name_is_resolved_once(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means another machine at the second look is still connected to where it was checked."""
    url = sa.make_url(postgres_url)
    answers = iter(["127.0.0.1", "192.0.2.1", "192.0.2.1"])
    real = socket.getaddrinfo

    def changing(host: str, *arguments: object, **options: object) -> object:
        return real(next(answers) if host == "warehouse.example" else host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    configuration = Configuration.from_environment(
        {"KPI_ALLOWED_HOSTS": "warehouse.example,127.0.0.1", PASSWORD: "x"}
    )
    section = warehouse("warehouse.example", url.port or 0) | {
        "database": url.database,
        "username": "postgres",
    }
    settings = parse_settings(
        {"warehouse": section, "salesforce": {"schema": "public"}, "servicenow": {"enabled": False}}
    )
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("create table account (id text)"))
    engine.dispose()
    secrets = CustomerSecrets(configuration, "acme")
    steps = list(connection_test.test_connection(configuration, settings, secrets))
    assert [(step.name, step.ok, step.error) for step in steps][-1] == ("can_read", True, None)
    assert next(answers) == "192.0.2.1"
