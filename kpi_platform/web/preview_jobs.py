"""Starts previews in the background, follows them, and ends those that are cancelled."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from multiprocessing.connection import wait
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.previews import (
    Kind,
    State,
    StoredPreview,
    add_preview,
    end_preview,
    get_preview,
    note_progress,
)
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.web.preview_process import task_of
from kpi_platform.web.turns import Turns

_log = logging.getLogger(__name__)

LIMIT_SECONDS = 900.0
_BEAT_SECONDS = 1.0
_CHUNK = 1 << 16
_BROKE_OFF = "The preview has broken off. Ask for it again; if that does not help, ask the operator."
_TOO_LONG = f"The preview took longer than {LIMIT_SECONDS / 60:g} minutes. Ask for it when less is going on."


def start_preview(
    configuration: Configuration,
    engine: sa.Engine,
    turns: Turns,
    customer: str,
    settings: CustomerSettings,
    subject: str,
    *,
    slug: str | None = None,
) -> str:
    """Starts the preview of `settings`, or of their custom KPI `slug`, and returns its id at once. `subject`
    names the form that asks, as StoredPreview has it. Raises TooBusy. The customer's turn is taken until it
    ends."""
    kind: Kind = "settings" if slug is None else "custom_kpi"
    with ExitStack() as stack:
        stack.enter_context(turns.take(customer))
        with engine.begin() as connection:
            preview_id = add_preview(connection, customer, kind, subject)
        task = task_of(configuration, customer, kind, settings.document(), slug or "")
        process = subprocess.Popen(
            [sys.executable, "-m", "kpi_platform.web.preview_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        follower = _Follower(engine, preview_id, process, task, stack.pop_all())
        threading.Thread(target=follower.run, name=f"preview-{preview_id}", daemon=True).start()
    return preview_id


def wait_for_preview(engine: sa.Engine, customer: str, preview_id: str) -> StoredPreview:
    """Returns the preview when it has ended."""
    while True:
        with reading(engine) as connection:
            preview = get_preview(connection, customer, preview_id)
        if preview.state != "running" or preview.is_lost:
            return preview
        time.sleep(0.2)


class _Follower:
    """Writes the steps of one process into the dashboard database, and ends it if nobody waits any more."""

    def __init__(
        self,
        engine: sa.Engine,
        preview_id: str,
        process: "subprocess.Popen[bytes]",
        task: str,
        turn: ExitStack,
    ) -> None:
        self._engine = engine
        self._id = preview_id
        self._process = process
        self._task = task
        self._turn = turn
        self._done, self._total = 0, 0
        self._next_beat = 0.0

    def run(self) -> None:
        with self._turn:
            try:
                self._follow()
            except Exception:  # noqa: BLE001 - the edge of the thread: the page says that it broke off
                _log.exception("Following preview %s failed.", self._id)
                self._end("failed", error=_BROKE_OFF)
            finally:
                self._process.kill()
                self._process.wait()

    def _follow(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._process.stdin as task:
            task.write(self._task.encode())
        late, rest = time.monotonic() + LIMIT_SECONDS, b""
        with self._process.stdout as out:
            while self._beat():
                if time.monotonic() > late:
                    return self._end("failed", error=_TOO_LONG)
                if not wait([out.fileno()], _BEAT_SECONDS):
                    continue
                chunk = os.read(out.fileno(), _CHUNK)
                if not chunk:
                    return self._end("failed", error=_BROKE_OFF)
                *lines, rest = (rest + chunk).split(b"\n")
                if any(self._take(json.loads(line)) for line in lines):
                    return None
        return None

    def _take(self, line: dict[str, Any]) -> bool:
        """Returns whether it was the last line."""
        if "answer" in line:
            self._end("done", answer=line["answer"])
        elif "error" in line:
            self._end("failed", error=line["error"])
        else:
            self._done, self._total = line["done"], line["total"]
            return False
        return True

    def _beat(self) -> bool:
        """Notes once a second how far it is. Returns False once the preview is cancelled."""
        now = time.monotonic()
        if now < self._next_beat:
            return True
        self._next_beat = now + _BEAT_SECONDS
        with self._engine.begin() as connection:
            return note_progress(connection, self._id, self._done, self._total)

    def _end(self, state: State, *, answer: dict[str, Any] | None = None, error: str | None = None) -> None:
        with self._engine.begin() as connection:
            end_preview(connection, self._id, state, answer=answer, error=error)
