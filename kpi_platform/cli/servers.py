"""Servers side by side: one that ends is started again, and takes no other with it."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LONGEST_PAUSE = 60.0
"""Seconds before a server that keeps ending is started again; the first time it is one."""
SLOW = 30.0
"""Seconds without an answer after which a start is slow; again after twice as long, and so on."""
LARGEST_LOG = 20_000_000
"""Bytes of a log file; then it becomes `NAME.log.1`, and the one before that goes."""
_SECONDS_TO_END = 60.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CHILDREN_LOOKS = 100
"""Looks, ten a second, for what a server that has ended leaves behind; then it is killed."""


@dataclass(frozen=True, slots=True)
class Server:
    """A program that runs until it is ended. `title` begins a sentence. It has started once `answers` says
    so, and starts after the server that `after` names has."""

    name: str
    title: str
    command: Sequence[object]
    answers: Callable[[], bool]
    after: str | None = None


class Servers:
    """Starts the servers, looks after them, and says in sentences what becomes of them. The output of each is
    in `folder`, in a file with its name."""

    def __init__(
        self,
        servers: Sequence[Server],
        folder: Path,
        environment: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._say = say
        self._slots = {server.name: _Slot(server, folder, environment) for server in servers}
        self._began = time.monotonic()
        self._all_answered = False

    def look(self) -> None:
        """Starts what is to be started now, and notices what has ended, or answers. Call it every second."""
        for slot in self._slots.values():
            first = self._slots.get(slot.server.after or "")
            for sentence in slot.look(time.monotonic(), may_start=first is None or first.answered):
                self._say(sentence)
        if not self._all_answered and all(slot.answered for slot in self._slots.values()):
            self._all_answered = True
            self._say(f"All servers answer, after {time.monotonic() - self._began:.0f} s.")

    def end(self) -> None:
        """Ends all, the last one first, and what they have started."""
        for slot in reversed(self._slots.values()):
            slot.signal(signal.SIGTERM)
        deadline = time.monotonic() + _SECONDS_TO_END
        try:
            for slot in self._slots.values():
                slot.wait(deadline)
        finally:
            for slot in self._slots.values():
                slot.signal(signal.SIGKILL)


class _Slot:
    """One server, and its process while there is one."""

    def __init__(self, server: Server, folder: Path, environment: Mapping[str, str]) -> None:
        self.server = server
        self.answered = False
        self._log = folder / f"{server.name}.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 1.0
        self._due = 0.0
        self._started = 0.0
        self._patience = SLOW
        self._restarted = False

    def look(self, now: float, *, may_start: bool) -> list[str]:
        self._bound_log()
        if self._process is None:
            if may_start and now >= self._due:
                self._start(now)
            return []
        code = self._process.poll()
        if code is not None:
            return [self._ended(code, now)]
        if self.answered:
            if now - self._started > LONGEST_PAUSE:
                self._pause = 1.0
            return []
        if self.server.answers():
            self.answered = True
            return [f"{self.server.title} answers again."] if self._restarted else []
        if now - self._started > self._patience:
            seconds, self._patience = self._patience, self._patience * 2
            return [f"{self.server.title} is still starting, after {seconds:.0f} s. Its log: {self._log}"]
        return []

    def _start(self, now: float) -> None:
        self._started, self._patience, self.answered = now, SLOW, False
        with self._log.open("ab") as log:
            # In a session of its own: Ctrl-C reaches `up` alone, which then ends all in order.
            self._process = subprocess.Popen(
                [str(word) for word in self.server.command], env=self._environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _ended(self, code: int, now: float) -> str:
        self.signal(signal.SIGKILL)
        self._process = None
        self._restarted, self.answered = True, False
        pause, self._due = self._pause, now + self._pause
        self._pause = min(2 * pause, LONGEST_PAUSE)
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        # What is killed from outside says nothing about it.
        last = _last_line(self._log) if code > 0 else ""
        said = f" It said: {last}" if last else ""
        sentence = f"{self.server.title} has ended ({how}), and starts again in {pause:.0f} s."
        return f"{sentence}{said} Its log: {self._log}"

    def _bound_log(self) -> None:
        # The server goes on writing to the same file: it is copied and emptied, not renamed.
        with suppress(FileNotFoundError):
            if self._log.stat().st_size > LARGEST_LOG:
                shutil.copyfile(self._log, f"{self._log}.1")
                os.truncate(self._log, 0)

    def signal(self, number: signal.Signals) -> None:
        """Sends it to the server and to what it has started."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def wait(self, deadline: float) -> None:
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.0, deadline - time.monotonic()))
            # Runs that the server has started note that they were ended.
            with suppress(ProcessLookupError):
                for _ in range(_CHILDREN_LOOKS):
                    os.killpg(self._process.pid, 0)
                    time.sleep(0.1)


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
        lines = _COLOURS.sub("", file.read().decode(errors="replace")).split("\n")
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")
