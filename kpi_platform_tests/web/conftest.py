"""The web app in process, and customers with tokens to call it with."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.tokens import create_token
from kpi_platform.domain.settings import Scope
from kpi_platform.web.app import create_app

LOOPBACK = "http://127.0.0.1"
_numbers = count(1)


@dataclass
class Web:
    """The app over an empty dashboard with the customers acme and bolt."""

    app: FastAPI
    configuration: Configuration
    engine: sa.Engine

    def token(self, customer: str | None = "acme", scope: Scope = "write") -> str:
        with self.engine.begin() as connection:
            text, _ = create_token(
                connection,
                name=f"{customer or 'operator'} {scope}",
                customer=customer,
                scope=scope,
                who="test",
            )
        return text

    def client(self, customer: str | None = "acme", scope: Scope = "write", **headers: str) -> TestClient:
        """Calls with a token; of an operator if `customer` is None."""
        authorization = {"Authorization": f"Bearer {self.token(customer, scope)}"}
        return self.anonymous(**authorization, **headers)

    def operator(self, customer: str = "acme") -> TestClient:
        return self.client(None, "admin", **{"X-Customer-ID": customer})

    def anonymous(self, **headers: str) -> TestClient:
        """Calls from an address of its own; a form of it comes from the app's own page."""
        return TestClient(
            self.app, LOOPBACK, headers={"Origin": LOOPBACK, **headers},
            client=(f"10.0.{next(_numbers) // 250}.{next(_numbers) % 250}", 50000),
            follow_redirects=False, raise_server_exceptions=False,
        )  # fmt: skip

    def signed_in(self, customer: str | None = None, scope: Scope = "admin") -> TestClient:
        """A browser with a session."""
        browser = self.anonymous()
        answer = browser.post("/sign-in", data={"token": self.token(customer, scope)})
        assert answer.headers["location"] == "/"
        return browser


@pytest.fixture
def web(configuration: Configuration, sqlite_engine: sa.Engine) -> Iterator[Web]:
    with sqlite_engine.begin() as connection:
        add_customer(connection, "acme", "Acme Corporation")
        add_customer(connection, "bolt", "Bolt Works")
    app = create_app(configuration)
    yield Web(app, configuration, sqlite_engine)
    app.state.engine.dispose()
