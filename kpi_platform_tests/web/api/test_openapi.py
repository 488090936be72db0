"""The OpenAPI document is what the app does: schemathesis calls every operation with made-up input."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.local.server import running
from kpi_platform.web.app import create_app
from kpi_platform_tests.pipeline.desk import T1, acme, zeta
from kpi_platform_tests.web.api.decisions import DECISIONS
from kpi_platform_tests.web.api.test_dashboard import LoadedDesk
from kpi_platform_tests.web.conftest import Web

NOT_CALLED = ("/events", "/preview")
"""A stream, and a build with dbt: tested on their own."""

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    home = tmp_path_factory.mktemp("openapi")
    environment = {"KPI_PLATFORM_HOME": str(home)}
    with running(
        Configuration.from_environment(environment), sample={"accounts": 3, "history_days": 5}
    ) as url:
        yield from _loaded(
            Configuration.from_environment(
                {**environment, "FIVETRAN_API_URL": url, "KPI_WEB_HOSTS": "testserver,localhost"}
            )
        )


def _loaded(configuration: Configuration) -> Iterator[Web]:
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    with engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
    web = Web(create_app(configuration), configuration, engine)
    LoadedDesk(configuration, web, "acme").load(T1, [acme(), zeta()])
    yield web
    engine.dispose()
    web.app.state.engine.dispose()


def test_every_operation_answers_as_its_document_says(loaded: Web) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", loaded.app)
    headers = {"Authorization": f"Bearer {loaded.token(None, 'admin')}", "X-Customer-ID": "acme"}
    documented = set()
    for operation in schema.get_all_operations():
        method, path = operation.ok().method.upper(), operation.ok().path
        documented.add((method, path))
        if not path.endswith(NOT_CALLED):
            calls(operation.ok(), headers)
    api = {(method, path.replace(":path}", "}")) for method, path in DECISIONS if path.startswith("/api")}
    assert api <= documented


def calls(operation: schemathesis.APIOperation, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy())
    @settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def call(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    call()


def test_every_operation_is_described_with_its_errors(web: Web) -> None:
    document = web.anonymous().get("/openapi.json").json()
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 30
    for path, method, operation in operations:
        assert operation.get("description"), (path, method)
        assert "422" not in operation["responses"], path
        if path.startswith("/api/"):
            assert {"400", "401", "403", "500"} <= set(operation["responses"]), path
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


def test_every_body_has_an_example(web: Web) -> None:
    document = web.anonymous().get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                for one in schema.get("anyOf", [schema]):
                    named = schemas[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                    assert named.get("type") == "null" or _has_example({**content, **named}), path


def _has_example(schema: dict[str, Any]) -> bool:
    properties = schema.get("properties", {}).values()
    return bool({"example", "examples"} & set(schema)) or any("examples" in one for one in properties)
