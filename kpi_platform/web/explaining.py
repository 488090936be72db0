"""Explanations, in a process of their own.

dbt compiles each of them for a second or so in Python, and all other requests of the process would wait for
Python's lock meanwhile.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_reading import account_detail
from kpi_platform.dashboard.database import reading
from kpi_platform.domain import errors
from kpi_platform.domain.errors import KpiPlatformError, Unavailable
from kpi_platform.web.schemas.explanations import ExplanationAnswer

WAIT_SECONDS = 15.0
"""For a warehouse in which somebody else works; a page that waits longer looks broken."""

LONGEST_SECONDS = 120.0


class Explainer(Protocol):
    """Answers where the shown value of an account comes from. Raises KpiPlatformError."""

    def explain(self, customer: str, account_id: int, kpi: str, rows: int) -> ExplanationAnswer:
        """Returns the explanation with at most `rows` source rows; waits WAIT_SECONDS for a busy
        warehouse."""

    def prepare(self) -> None:
        """Notes that somebody will probably ask soon. Returns at once."""

    def close(self) -> None:
        """Ends what it has started."""


class ExplainsHere:
    """Explains in the calling thread."""

    def __init__(self, configuration: Configuration, engine: sa.Engine) -> None:
        self._configuration, self._engine = configuration, engine

    def explain(
        self, customer: str, account_id: int, kpi: str, rows: int, wait_seconds: float | None = None
    ) -> ExplanationAnswer:
        # dbt's adapters take a second to import.
        from kpi_platform.pipeline.explain_shown import explain_shown

        with reading(self._engine) as connection:
            account = account_detail(connection, customer, account_id).summary
        found = explain_shown(
            self._configuration, self._engine, customer, account, kpi,
            rows=rows, wait_seconds=WAIT_SECONDS if wait_seconds is None else wait_seconds,
        )  # fmt: skip
        names = ExplanationAnswer.model_fields.keys() - {"is_shown"}
        return ExplanationAnswer.model_validate(
            {"is_shown": found.is_shown, **{name: getattr(found.explanation, name) for name in names}}
        )

    def prepare(self) -> None: ...

    def close(self) -> None: ...


class ExplainsElsewhere:
    """Asks a process of its own, `web.explaining_process`, which starts when it is needed, and is started
    again if it has ended."""

    def __init__(self, configuration: Configuration) -> None:
        home = {"KPI_PLATFORM_HOME": str(configuration.home)}
        self._environment = {**os.environ, **configuration.environment, **home}
        self._lock = threading.Lock()
        self._process: _Process | None = None

    def explain(self, customer: str, account_id: int, kpi: str, rows: int) -> ExplanationAnswer:
        question = {
            "customer": customer, "account_id": account_id, "kpi": kpi, "rows": rows,
            "wait_seconds": WAIT_SECONDS,
        }  # fmt: skip
        for _ in range(2):
            # One that has just ended has not heard the question.
            with suppress(EOFError):
                return ExplanationAnswer.model_validate_json(self._running().ask(question))
        raise Unavailable(
            "The process that explains values has ended.",
            next_step="Try again; if it ends again, its last words are in the web app's log.",
        )

    def prepare(self) -> None:
        self._running()

    def close(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.end()
            self._process = None

    def _running(self) -> "_Process":
        with self._lock:
            if self._process is None or self._process.has_ended:
                self._process = _Process(self._environment)
            return self._process


class _Process:
    """The process, and who waits for its answers."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.has_ended = False
        self._numbers = count()
        self._lock = threading.Lock()
        self._asked: dict[int, Future[str]] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kpi_platform.web.explaining_process"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
            # Ctrl-C is for the server, which then closes its input.
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, question: dict[str, Any]) -> str:
        """Returns the answer as JSON. Raises the error that it is, and EOFError if the process has ended."""
        answer: Future[str] = Future()
        with self._lock:
            if self.has_ended:
                raise EOFError
            number = next(self._numbers)
            self._asked[number] = answer
            assert self._process.stdin is not None
            # One that is ending does not answer, which `_listen` says.
            with suppress(OSError, ValueError):
                self._process.stdin.write(f"{json.dumps({'number': number, **question})}\n")
                self._process.stdin.flush()
        try:
            return answer.result(LONGEST_SECONDS)
        except TimeoutError as cause:
            self._process.kill()
            raise Unavailable(
                f"The explanation took longer than {LONGEST_SECONDS:.0f} s.", next_step="Try again later."
            ) from cause

    def end(self) -> None:
        """Lets it answer what was asked, and end."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                with self._lock:
                    answer = self._asked.pop(said["number"])
                if "error" in said:
                    answer.set_exception(_error(**said["error"]))
                else:
                    answer.set_result(said["answer"])
        with self._lock:
            self.has_ended = True
            left = list(self._asked.values())
            self.end()
        for answer in left:
            answer.set_exception(EOFError())
        self._process.wait()


def described(error: KpiPlatformError) -> dict[str, Any]:
    """Returns an error as it passes between the processes."""
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "next_step": error.next_step,
        "details": error.details,
    }


def _error(kind: str, **of_error: Any) -> KpiPlatformError:
    # Errors that only the process knows are answered as what they are derived from.
    made: Callable[..., KpiPlatformError] = getattr(errors, kind, KpiPlatformError)
    message = of_error.pop("message")
    return Unavailable(message, **of_error) if made is errors.Damaged else made(message, **of_error)
