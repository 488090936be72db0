"""Requests are traced if the standard variable names a collector; `defs/test_run` traces runs."""

import sys
from collections.abc import Iterator

import pytest

from kpi_platform import tracing
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration
from kpi_platform_tests.operation.collector import Collector, collecting
from kpi_platform_tests.web.conftest import Web, web  # noqa: F401


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def towards(collector: Collector, configuration: Configuration) -> Configuration:
    return Configuration.from_environment({**configuration.environment, tracing.ENDPOINT: collector.url})


def test_a_request_is_traced_with_its_statements_and_without_what_was_searched_for(
    web: Web,  # noqa: F811
    collector: Collector,
) -> None:
    assert tracing.configure_traces(towards(collector, web.configuration))
    tracing.trace_requests(web.app, web.app.state.engine)
    client = web.client()
    assert client.get("/api/accounts", params={"search": "s3cr3t"}).status_code == 200
    assert client.get("/healthz").status_code == 200
    web.anonymous().get("/sign-in", params={"key": "s3cr3t"})
    tracing.send_traces()
    [request] = collector.named("GET /api/accounts")
    assert request.service == "kpi_platform"
    assert request.attributes["http.route"] == "/api/accounts"
    statements = [span for span in collector.spans if "db.statement" in span.attributes]
    assert any("FROM accounts" in span.attributes["db.statement"] for span in statements)
    assert {span.trace for span in statements} == {request.trace}
    assert "s3cr3t" not in str(collector.spans)
    assert not [span for span in collector.spans if "health" in span.name or "sign-in" in span.name]


def test_without_the_variable_nothing_is_traced(web: Web, collector: Collector) -> None:  # noqa: F811
    assert not tracing.configure_traces(web.configuration)
    tracing.trace_requests(web.app, web.app.state.engine)
    assert web.client().get("/api/accounts").status_code == 200
    tracing.send_traces()
    assert collector.spans == []


def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    configuration: Configuration, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(MissingConfiguration, match=r"pip install 'kpi_platform\[otel\]'"):
        tracing.configure_traces(towards(collector, configuration))
