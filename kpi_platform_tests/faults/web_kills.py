"""Kills the web app in the middle of requests that write, at random moments, and starts it again.

Each round saves settings, asks for a sync under a key of its own, and decides a match or undoes that, all at
once. What was cut off is asked for again, as a caller would.
"""

import multiprocessing
import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import sqlalchemy as sa
import uvicorn

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.audit import audit_events
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.match_decisions import match_decisions
from kpi_platform.dashboard.matches import get_match
from kpi_platform.dashboard.settings_versions import settings_history
from kpi_platform.dashboard.sync_requests import finish_sync_request
from kpi_platform.web.app import create_app
from kpi_platform_tests.web.seeding import Seed

REVIEWED = "001Quarry"
"""The source account that `seed_review` leaves to be decided."""

_context = multiprocessing.get_context("forkserver")


def _serve(home: str, port: int) -> None:
    app = create_app(Configuration.from_environment({"KPI_PLATFORM_HOME": home}))
    uvicorn.run(app, port=port, log_level="critical")


@dataclass(slots=True)
class Wild:
    """The web app of a seeded customer, and what its callers expect. `cut` counts requests whose answer was
    lost, by kind and by whether they had been done. A kill comes at most `longest` seconds after them."""

    seed: Seed
    dice: random.Random
    cut: Counter[tuple[str, bool]] = field(default_factory=Counter)
    longest: float = 0.5
    _port: int = 0
    _headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _context.set_forkserver_preload(["kpi_platform_tests.faults.web_kills"])
        self._headers = {"Authorization": f"Bearer {self.seed.token()}"}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]

    def kill(self, kills: int) -> None:
        """A round for each kill: the app that is started after it ends the round and begins the next."""
        app = self._start()
        try:
            for number in range(1, kills + 1):
                lost = self._begin(number, app)
                done = self._done(number)
                assert all(done[kind] for kind in done.keys() - lost), (
                    f"round {number}: lost after its answer"
                )
                self.cut.update((kind, done[kind]) for kind in lost)
                app = self._start()
                for kind, write in self._writes(number).items():
                    # Who had no answer asks again: a key makes that safe for a sync; the others look first.
                    if kind in lost and (kind == "sync" or not done[kind]):
                        assert _is_done(write()), f"round {number}: {kind}"
                assert all(self._done(number).values()), f"round {number}: {self._done(number)}"
                self._end_syncs()
        finally:
            app.kill()
            app.join()

    def _begin(self, number: int, app: Any) -> set[str]:
        """Sends the round's requests, and kills the app meanwhile. Those that had no answer."""
        with ThreadPoolExecutor() as callers:
            answers = {kind: callers.submit(_attempt, write) for kind, write in self._writes(number).items()}
            time.sleep(self.dice.random() * self.longest)
            app.kill()
            lost = {kind for kind, answer in answers.items() if not _is_done(answer.result())}
        app.join()
        # Later if all were cut off, sooner if none was: how long requests take differs by machine.
        if len(lost) in (0, len(answers)):
            self.longest *= 1.4 if lost else 0.7
        return lost

    def _writes(self, number: int) -> dict[str, Callable[[], httpx.Response]]:
        document = self.seed.document | {"account_matching": {"review_threshold": _threshold(number)}}
        decision = {"decision": "accept" if number % 2 else "undo"}
        return {
            "settings": lambda: self._call("PUT", "fivetran/config", document, {"If-Match": f'"{number}"'}),
            "sync": lambda: self._call("POST", "fivetran/sync", {}, {"Idempotency-Key": _key(number)}),
            "match": lambda: self._call("POST", f"matches/{REVIEWED}", decision),
        }

    def _done(self, number: int) -> dict[str, bool]:
        """Which writes of the round are done. AssertionError if one is half done or done twice."""
        with reading(self.seed.engine) as connection:
            versions = [one.version for one in settings_history(connection, self.seed.customer)]
            events = audit_events(connection, self.seed.customer, limit=1_000_000)
            decisions = match_decisions(connection, self.seed.customer, include_undone=True)
            match = get_match(connection, self.seed.customer, REVIEWED)
            keys = connection.execute(sa.select(tables.sync_requests.c.idempotency_key)).scalars().all()
        told = Counter(event.action for event in events)
        saved = [event.detail["version"] for event in events if event.action == "settings.save"]
        assert [*saved, 1] == versions == list(range(len(versions), 0, -1))
        undone = sum(one.undone_at is not None for one in decisions)
        assert (told["match.accept"], told["match.undo"]) == (len(decisions), undone)
        assert match.decision == ("match" if len(decisions) > undone else "review")
        assert len(keys) == len(set(keys))
        return {
            "settings": len(versions) == number + 1,
            "sync": _key(number) in keys,
            "match": len(decisions) + undone == number,
        }

    def _call(
        self, method: str, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        url = f"http://127.0.0.1:{self._port}/api/{path}"
        return httpx.request(method, url, json=body, headers=self._headers | (headers or {}), timeout=30)

    def _end_syncs(self) -> None:
        """What Dagster does with a request: as long as one is queued, it is the answer to all others."""
        with self.seed.engine.begin() as connection:
            queued = sa.select(tables.sync_requests.c.id).where(tables.sync_requests.c.state == "queued")
            for request in connection.execute(queued).scalars().all():
                finish_sync_request(connection, request, "done", results={})

    def _start(self) -> Any:
        process = _context.Process(target=_serve, args=(str(self.seed.configuration.home), self._port))
        process.start()
        deadline = time.monotonic() + 60
        while _attempt(lambda: httpx.get(f"http://127.0.0.1:{self._port}/healthz", timeout=5)) is None:
            assert process.is_alive(), "the web app did not start"
            assert time.monotonic() < deadline, "the web app does not answer"
            time.sleep(0.02)
        return process


def _attempt(call: Callable[[], httpx.Response]) -> httpx.Response | None:
    """None if the answer was lost."""
    try:
        return call()
    except httpx.TransportError:
        return None


def _is_done(answer: httpx.Response | None) -> bool:
    """Whether there was an answer; AssertionError if it is no success."""
    assert answer is None or answer.is_success, answer.text
    return answer is not None


def _key(number: int) -> str:
    return f"round-{number}"


def _threshold(number: int) -> float:
    return 0.5 + (number % 100) / 1000
