"""As much of Redshift as its real clients need: a proxy of the wire protocol in front of a PostgreSQL server.

It drops the start-up parameters that PostgreSQL does not know, and rewrites the SQL (`redshift_sql.py`).
Statements keep Redshift's escapes in texts: `standard_conforming_strings` is off.
"""

import asyncio
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from kpi_platform_tests.destinations.redshift_sql import to_postgres

_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104
_KEPT = (b"user", b"database", b"application_name", b"client_encoding")
_OPTIONS = (
    b'-c search_path="$user",public,redshift_compat -c TimeZone=UTC'
    b" -c standard_conforming_strings=off -c escape_string_warning=off"
)


@dataclass(frozen=True)
class RedshiftServer:
    """`port` is on 127.0.0.1; `statements` are those that clients sent, as they sent them."""

    port: int
    statements: list[str]


@contextmanager
def redshift_server(postgres_port: int, database_url: str) -> Iterator[RedshiftServer]:
    """The PostgreSQL server as a Redshift cluster. The database gets a schema with the functions and system
    views of Redshift that dbt-redshift asks for."""
    compat = Path(__file__).with_name("redshift_compat.sql").read_text()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(compat)
    loop = asyncio.new_event_loop()
    started: list[int] = []
    statements: list[str] = []
    ready = threading.Event()

    async def listen() -> asyncio.Server:
        server = await asyncio.start_server(
            lambda reader, writer: _Session(reader, writer, statements).run(postgres_port), "127.0.0.1", 0
        )
        started.append(server.sockets[0].getsockname()[1])
        ready.set()
        return server

    def serve() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(listen())
        loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=serve, name="redshift-server", daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield RedshiftServer(started[0], statements)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


class _Session:
    """One client: its messages are read one by one and passed on; the server's answers pass as they are."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, statements: list[str]
    ) -> None:
        self._reader, self._writer, self._statements = reader, writer, statements

    async def run(self, postgres_port: int) -> None:
        upstream: asyncio.StreamWriter | None = None
        answers: asyncio.Task[None] | None = None
        try:
            start = await self._start_up()
            reader, upstream = await asyncio.open_connection("127.0.0.1", postgres_port)
            upstream.write(start)
            answers = asyncio.create_task(self._answers(reader))
            while True:
                kind = await self._reader.readexactly(1)
                # A long statement takes seconds; other clients' sign-ins must not wait for it.
                body = await asyncio.to_thread(self._rewritten, kind, await self._body())
                upstream.write(_message(kind, body))
                await upstream.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return
        finally:
            if upstream is not None:
                upstream.close()
            if answers is not None:
                answers.cancel()
            self._writer.close()

    async def _start_up(self) -> bytes:
        """The client's start-up message with what PostgreSQL knows of it. TLS is declined."""
        while True:
            body = await self._body()
            (code,) = struct.unpack("!I", body[:4])
            if code not in (_SSL_REQUEST, _GSS_REQUEST):
                break
            self._writer.write(b"N")
        words = body[4:].split(b"\0")
        given = dict(zip(words[0::2], words[1::2], strict=False))
        kept = {name: given[name] for name in _KEPT if name in given} | {b"options": _OPTIONS}
        pairs = b"".join(name + b"\0" + value + b"\0" for name, value in kept.items())
        return _message(b"", body[:4] + pairs + b"\0")

    def _rewritten(self, kind: bytes, body: bytes) -> bytes:
        """The body of a message: a query, or a statement to prepare, is in PostgreSQL's words then."""
        if kind == b"Q":
            return self._noted(body[:-1]) + b"\0"
        if kind == b"P":
            name, query, rest = body.split(b"\0", 2)
            return b"\0".join((name, self._noted(query), rest))
        return body

    def _noted(self, query: bytes) -> bytes:
        statement = query.decode()
        self._statements.append(statement)
        return to_postgres(statement).encode()

    async def _body(self) -> bytes:
        (size,) = struct.unpack("!I", await self._reader.readexactly(4))
        return await self._reader.readexactly(size - 4)

    async def _answers(self, reader: asyncio.StreamReader) -> None:
        while part := await reader.read(65536):
            self._writer.write(part)
            await self._writer.drain()
        self._writer.close()


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body
