"""Traces for the OpenTelemetry collector that OTEL_EXPORTER_OTLP_ENDPOINT names. Needs the extra `otel`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration

if TYPE_CHECKING:
    from fastapi import FastAPI
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

# What is of no interest; and sign-in, whose links hold keys.
_NOT_TRACED = "healthz,readyz,metrics,static,sign-in"
_WITH_QUERY = ("http.url", "http.target", "url.full", "url.query")

_provider: "TracerProvider | None" = None


def configure_traces(configuration: Configuration) -> bool:
    """Begins to trace, once a process; whether anything is traced. What else there is to say, the standard
    variables OTEL_* say. MissingConfiguration if the extra is not installed."""
    global _provider
    endpoint = configuration.get(ENDPOINT)
    if endpoint is None or configuration.get("OTEL_SDK_DISABLED") == "true":
        return False
    if _provider is None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ModuleNotFoundError as cause:
            raise MissingConfiguration(
                f"{ENDPOINT} is set, but {cause.name} is not installed.",
                next_step="Install the extra: pip install 'kpi_platform[otel]'.",
            ) from cause
        service = configuration.get("OTEL_SERVICE_NAME") or "kpi_platform"
        _provider = TracerProvider(resource=Resource.create({"service.name": service}))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        _provider.add_span_processor(BatchSpanProcessor(exporter))
    return True


def trace_requests(app: "FastAPI", engine: sa.Engine) -> None:
    """Makes a span for each request from now on, with one for each of its statements; nothing if nothing
    is traced."""
    if _provider is None:
        return
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=_provider,
        excluded_urls=_NOT_TRACED,
        exclude_spans=["receive", "send"],
        server_request_hook=_without_query,
    )
    SQLAlchemyInstrumentor().instrument(engine=engine, tracer_provider=_provider)


@contextmanager
def traced(step: str, run_id: str, customers: Sequence[str]) -> Iterator[None]:
    """Makes a span for a step of a run, if tracing is on."""
    if _provider is None:
        yield
        return
    attributes = {"kpi.run_id": run_id, "kpi.customers": list(customers)}
    with _provider.get_tracer("kpi_platform").start_as_current_span(step, attributes=attributes):
        yield


def send_traces() -> None:
    """Sends what has not been sent yet: the process of a run may end without a further chance."""
    if _provider is not None:
        _provider.force_flush()


def _without_query(span: Any, scope: dict[str, Any]) -> None:
    """Queries hold what people search for."""
    for name in _WITH_QUERY:
        if span.is_recording() and name in span.attributes:
            span.set_attribute(name, scope["path"])
