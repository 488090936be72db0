"""Counts and times of requests, and the state of the platform, for Prometheus. No customer is named."""

import logging
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.figures import figures

_log = logging.getLogger(__name__)

_UNLOGGED = ("/healthz", "/readyz", "/metrics")
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


class Metrics:
    """The figures of one app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "kpi_platform_http_requests", "Requests that were answered.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "kpi_platform_http_request_seconds", "Time to the first byte of the answer.", ("method", "route"),
            registry=self._registry, buckets=_BUCKETS,
        )  # fmt: skip

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, engine: sa.Engine, calls_per_hour: int) -> bytes:
        """Returns all figures in Prometheus' text format. `calls_per_hour` is Fivetran's limit while none of
        its answers has said it."""
        return generate_latest(self._registry) + generate_latest(_Platform(engine, calls_per_hour))


class _Platform(CollectorRegistry):
    """The figures of the database, as they are when they are asked for."""

    def __init__(self, engine: sa.Engine, calls_per_hour: int) -> None:
        super().__init__()
        self._engine = engine
        self._calls_per_hour = calls_per_hour

    def collect(self) -> Iterator[Metric]:
        with reading(self._engine) as connection:
            for figure in figures(connection, calls_per_hour=self._calls_per_hour):
                family = GaugeMetricFamily(f"kpi_platform_{figure.name}", figure.text, labels=figure.labels)
                for labels, value in figure.values.items():
                    family.add_metric(labels, value)
                yield family


class MeasureRequests:
    """ASGI middleware. Routes are named by their pattern, so that their number is bounded."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics
        self._patterns: dict[Any, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = self._pattern(scope)
                method = scope["method"] if route else "none"
                seconds = time.perf_counter() - started
                self.metrics.note(method, route or "none", message["status"], seconds)
                if route and route not in _UNLOGGED:
                    # The pattern, never the address itself: sign-in links hold keys.
                    _log.info("%s %s %s in %.3f s", method, route, message["status"], seconds)
            await send(message)

        await self.app(scope, receive, measured)

    def _pattern(self, scope: Scope) -> str | None:
        """The path of the route that took the request, with its prefixes and the names of its parameters."""
        endpoint = scope.get("endpoint")
        if endpoint is not None and endpoint not in self._patterns:
            contexts = iter_route_contexts(scope["app"].routes)
            self._patterns |= {one.endpoint: one.path for one in contexts if one.endpoint and one.path}
        return self._patterns.get(endpoint)
