"""A marker planted as every secret is found nowhere: not in answers, logs, or the database."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.local.server import running
from kpi_platform_tests.web.api.test_isolation import ROUTES
from kpi_platform_tests.web.conftest import Web

MARKER = "m4rk3r-of-a-s3cr3t"
SECRETS = ("KPI_SECRET_ACME_PASSWORD", "FIVETRAN_WEBHOOK_SECRET", "KPI_SESSION_KEY", "KPI_SECRET_ACME_ALERTS")


@pytest.fixture
def configuration(configuration: Configuration) -> Iterator[Configuration]:
    secrets = dict.fromkeys(SECRETS, MARKER) | {"KPI_SESSION_KEY": MARKER * 2}
    # The local Fivetran takes the key of the same environment.
    fivetran = {"FIVETRAN_API_KEY": f"key-{MARKER}", "FIVETRAN_API_SECRET": MARKER}
    environment = {**configuration.environment, **secrets, "KPI_ALLOWED_HOSTS": "127.0.0.1", **fivetran}
    made = Configuration.from_environment(environment)
    with running(made, sample={"accounts": 3, "history_days": 5}) as url:
        yield Configuration.from_environment({**environment, "FIVETRAN_API_URL": url})


def test_no_secret_leaves_the_environment(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    operator = web.operator()
    warehouse = {
        "type": "postgres", "host": "127.0.0.1", "port": 1, "database": "d", "username": "u",
        "credentials_secret": "KPI_SECRET_ACME_PASSWORD",
    }  # fmt: skip
    settings: dict[str, Any] = {
        "warehouse": warehouse,
        "alerts": {"webhook_url_secret": "KPI_SECRET_ACME_ALERTS"},
    }
    assert operator.put("/api/fivetran/config", json=settings).status_code == 200
    connected = operator.post(
        "/api/customers/acme/connections", json={"connections": [{"source": "salesforce"}]}
    )
    assert connected.status_code == 201, connected.text
    tested = operator.post("/api/fivetran/test-connection").json()
    assert [step["name"] for step in tested["steps"]] == ["resolve", "connect"]
    # Secrets that people send where they do not belong.
    sent = [
        operator.put("/api/fivetran/config", json={"warehouse": {"password": MARKER}}),
        operator.put("/api/fivetran/config", json={"warehouse": {"credentials_secret": MARKER}}),
        operator.post("/api/fivetran/sync", json={"salesforce": {"password": MARKER}}),
        operator.post("/api/fivetran/test-connection", json={"warehouse": {"password": MARKER}}),
        web.anonymous().post("/sign-in", data={"token": MARKER}),
        web.anonymous(Authorization=f"Bearer {MARKER}").get("/api/accounts"),
    ]
    assert [answer.status_code for answer in sent] == [400, 400, 400, 400, 303, 401]
    answers = [answer.text for answer in (*sent, connected)] + [str(tested)]
    browser = web.signed_in()
    for method, path in ROUTES:
        if method == "GET" and "{" not in path:
            answers += [operator.get(path).text, browser.get(path).text]
    found = [text for text in answers if MARKER in text]
    assert found == []
    assert MARKER not in caplog.text
    with web.engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            rows = connection.execute(sa.select(table)).all()
            assert MARKER not in str(rows), table.name


def test_a_token_is_stored_and_listed_as_nothing_but_its_hash(web: Web) -> None:
    text = web.token()
    with web.engine.connect() as connection:
        rows = str(connection.execute(sa.select(tables.api_tokens)).all())
    assert text not in rows
    assert text.removeprefix("kpi_") not in rows
