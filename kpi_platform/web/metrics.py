"""Counts and times of requests, and the state of the platform, for Prometheus. No customer is named."""

import time
from typing import Any

import sqlalchemy as sa
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.database import reading

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
        self._syncs = Gauge(
            "kpi_platform_sync_requests", "Sync requests by state.", ("state",), registry=self._registry
        )
        self._customers = Gauge("kpi_platform_customers", "Active customers.", registry=self._registry)

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, engine: sa.Engine) -> bytes:
        """All figures in Prometheus' text format."""
        requests, customers = tables.sync_requests, tables.customers
        with reading(engine) as connection:
            states = connection.execute(
                sa.select(requests.c.state, sa.func.count()).group_by(requests.c.state)
            ).tuples()
            self._syncs.clear()
            for state, count in states:
                self._syncs.labels(state).set(count)
            active = sa.select(sa.func.count()).where(customers.c.removed_at.is_(None))
            self._customers.set(connection.execute(active).scalar_one())
        return generate_latest(self._registry)


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
                self.metrics.note(method, route or "none", message["status"], time.perf_counter() - started)
            await send(message)

        await self.app(scope, receive, measured)

    def _pattern(self, scope: Scope) -> str | None:
        """The path of the route that took the request, with its prefixes and the names of its parameters."""
        endpoint = scope.get("endpoint")
        if endpoint is not None and endpoint not in self._patterns:
            contexts = iter_route_contexts(scope["app"].routes)
            self._patterns |= {one.endpoint: one.path for one in contexts if one.endpoint and one.path}
        return self._patterns.get(endpoint)
