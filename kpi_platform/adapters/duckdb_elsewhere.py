"""Reading the warehouse file while another process has it open: that process answers.

DuckDB lets one process open a file for writing, and no other one read it meanwhile; a build takes minutes. So
the process that builds answers questions of other processes of the same user over a Unix socket, each from a
snapshot of what is committed. Answers are Arrow streams.
"""

import json
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

LONGEST_QUESTION = 10_000_000
"""Bytes of a statement with its values."""

_WHOLE = b"whole"
"""Follows the last row."""
_BATCH_ROWS = 20_000
_LONGEST_STALL_SECONDS = 10.0
"""After this, who asks and does not read on has no answer."""
_SECONDS_TO_END = 2.0
"""How long questions that are being answered keep the file open when the build is done."""


class Gone(Exception):
    """The process that had the file open has closed it."""


@contextmanager
def answering(file: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Answers other processes from `connection` for the time of the block."""
    # A home's own path may be too long for a socket.
    with tempfile.TemporaryDirectory(prefix="kpi-platform-") as folder:
        place = Path(folder) / "warehouse.sock"
        server = _Server(str(place), connection)
        thread = threading.Thread(target=server.answer_all, daemon=True)
        thread.start()
        note = _note(file)
        try:
            note.write_text(str(place))
            yield
        finally:
            note.unlink(missing_ok=True)
            server.end()
            thread.join()


def find(file: Path) -> "Elsewhere | None":
    """Returns the process that has the file open and answers; None if there is none."""
    try:
        place = _note(file).read_text()
        with closing(socket.socket(socket.AF_UNIX)) as asked:
            asked.connect(place)
    except OSError:
        # A process that was killed leaves its note.
        return None
    return Elsewhere(place)


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a statement, given as a relation of DuckDB gives them."""

    table: pa.Table

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(zip(*(column.to_pylist() for column in self.table.columns), strict=True))

    def fetchnumpy(self) -> dict[str, Any]:
        return {name: self.table.column(name).to_numpy() for name in self.table.column_names}

    def to_arrow_reader(self, rows: int) -> pa.RecordBatchReader:
        return self.table.to_reader(rows)

    def to_arrow_table(self) -> pa.Table:
        return self.table


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A process that answers. Each statement has a snapshot of its own."""

    place: str

    def sql(self, statement: str, params: Sequence[Any] | None = None) -> Found:
        """Returns the rows. Raises duckdb.Error as a connection does, and Gone."""
        question = json.dumps({"statement": statement, "params": params}).encode()
        try:
            with closing(socket.socket(socket.AF_UNIX)) as asked:
                asked.connect(self.place)
                asked.sendall(question + b"\n")
                with asked.makefile("rb") as answer:
                    head = json.loads(answer.readline() or "null")
                    if head is None:
                        raise Gone
                    if head:
                        raise getattr(duckdb, head["error"], duckdb.Error)(head["message"])
                    table = pa.ipc.open_stream(answer).read_all()
                    # Arrow takes the end of a broken connection for that of the rows.
                    if answer.read() != _WHOLE:
                        raise Gone
                    return Found(table)
        except (OSError, ValueError, pa.ArrowInvalid) as cause:
            raise Gone from cause


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, place: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._answering: set[duckdb.DuckDBPyConnection] = set()
        self._is_over = False
        self._changed = threading.Condition()
        super().__init__(place, _Answer)

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._changed:
            cursor = self.connection.cursor()
            self._answering.add(cursor)
        try:
            with closing(cursor):
                cursor.execute("BEGIN TRANSACTION READ ONLY")
                yield cursor
        finally:
            with self._changed:
                self._answering.discard(cursor)
                self._changed.notify_all()

    def answer_all(self) -> None:
        """Answers until the end. `serve_forever` would notice that a while later."""
        while not self._is_over:
            self.handle_request()
        self.socket.close()

    def end(self) -> None:
        """Takes no more questions. Those that are being answered have _SECONDS_TO_END, then no answer."""
        self._is_over = True
        with closing(socket.socket(socket.AF_UNIX)) as last:
            last.connect(self.server_address)
        deadline = time.monotonic() + _SECONDS_TO_END
        with self._changed:
            while self._answering:
                left = deadline - time.monotonic()
                if left <= 0:
                    for cursor in self._answering:
                        cursor.interrupt()
                self._changed.wait(max(left, 0.1))


class _Answer(socketserver.StreamRequestHandler):
    server: _Server
    timeout = _LONGEST_STALL_SECONDS

    def handle(self) -> None:
        # Who has gone needs no answer, and half of one says that it is not whole.
        with suppress(OSError, ValueError, pa.ArrowException, duckdb.Error):
            question = json.loads(self.rfile.readline(LONGEST_QUESTION))
            with self.server.cursor() as cursor:
                try:
                    rows = cursor.sql(question["statement"], params=question["params"])
                    reader = rows.to_arrow_reader(_BATCH_ROWS)
                    first = next(iter(reader), None)
                except duckdb.Error as error:
                    self._begin({"error": type(error).__name__, "message": str(error)})
                    return
                self._begin({})
                with pa.ipc.new_stream(self.wfile, reader.schema) as stream:
                    if first is not None:
                        stream.write_batch(first)
                    for batch in reader:
                        stream.write_batch(batch)
                self.wfile.write(_WHOLE)

    def _begin(self, head: dict[str, str]) -> None:
        self.wfile.write(json.dumps(head).encode() + b"\n")


def _note(file: Path) -> Path:
    return Path(f"{file}.reads")
