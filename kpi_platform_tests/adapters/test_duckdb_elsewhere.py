"""A warehouse file that a build has open is read through the process that builds."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from kpi_platform.adapters import duckdb_elsewhere, duckdb_file
from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.domain.errors import DestinationLocked, NotFound


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "warehouse.duckdb"
    with closing(duckdb.connect(str(file))) as connection:
        connection.execute("create schema kpi")
        connection.execute("create table kpi.kpi_values as select 'acme' as customer_id, 1.5 as value")
    return file


@pytest.fixture
def reader(file: Path) -> DuckDbDestination:
    return DuckDbDestination(file, "kpi").for_reader(5)


Elsewhere = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def other() -> Iterator[Elsewhere]:
    """Calls in another thread: it does not have the lock that this one has, as another process."""
    with ThreadPoolExecutor(1) as thread:
        yield lambda work: thread.submit(work).result()


def values(reader: DuckDbDestination) -> list[float]:
    return [row["value"] for rows in reader.read_mart("kpi_values", "acme") for row in rows.to_pylist()]


def test_a_reader_beside_a_build_sees_what_is_committed(
    file: Path, reader: DuckDbDestination, other: Elsewhere
) -> None:
    with duckdb_file.kept_open(file), duckdb_file.connect(file) as build:
        build.execute("begin")
        build.execute("update kpi.kpi_values set value = 2.5")
        assert other(lambda: values(reader)) == [1.5]
        build.execute("commit")
        assert other(lambda: values(reader)) == [2.5]
        assert other(lambda: reader.columns(["kpi"]))["kpi"]["kpi_values"]["customer_id"] == "varchar"
        assert values(reader) == [2.5], "who builds reads without asking"
    assert other(lambda: values(reader)) == [2.5]
    assert duckdb_elsewhere.find(file) is None


def test_a_question_beside_a_build_fails_as_it_would_alone(
    file: Path, reader: DuckDbDestination, other: Elsewhere
) -> None:
    with duckdb_file.kept_open(file):
        with pytest.raises(NotFound, match="no mart"):
            other(lambda: list(reader.read_mart("nothing", "acme")))
        with pytest.raises(duckdb.Error, match="read-only"):
            other(lambda: _ask(file, "delete from kpi.kpi_values"))
        assert other(lambda: values(reader)) == [1.5]
        with pytest.raises(DestinationLocked):
            other(lambda: values(DuckDbDestination(file, "kpi", wait_seconds=0)))


def test_the_note_of_a_process_that_was_killed_keeps_nobody_out(
    file: Path, reader: DuckDbDestination, tmp_path: Path
) -> None:
    Path(f"{file}.reads").write_text(str(tmp_path / "gone.sock"))
    assert values(reader) == [1.5]


def test_who_was_not_answered_to_the_end_reads_the_file(
    file: Path, reader: DuckDbDestination, tmp_path: Path
) -> None:
    place = tmp_path / "build.sock"
    with ThreadPoolExecutor(1) as thread:
        with duckdb_file.exclusive(file), closing(socket.socket(socket.AF_UNIX)) as server:
            server.bind(str(place))
            server.listen()
            Path(f"{file}.reads").write_text(str(place))
            asked = thread.submit(values, reader)
            # The first connection only looks whether somebody answers.
            server.accept()[0].close()
            _send(server, b"{}")
        assert asked.result(5) == [1.5]


def test_half_an_answer_is_none(file: Path, tmp_path: Path) -> None:
    whole = _answer(file, "select 1.5 as value")
    for half in (b"", whole[: len(whole) // 2], whole.removesuffix(b"whole")):
        place = tmp_path / f"{len(half)}.sock"
        with closing(socket.socket(socket.AF_UNIX)) as server:
            server.bind(str(place))
            server.listen()
            threading.Thread(target=_send, args=(server, half)).start()
            with pytest.raises(duckdb_elsewhere.Gone):
                duckdb_elsewhere.Elsewhere(str(place)).sql("select 1.5 as value")


def test_a_build_ends_though_somebody_asks_for_something_endless(
    file: Path, other: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_elsewhere, "_SECONDS_TO_END", 0.05)
    with ThreadPoolExecutor(1) as thread:
        with duckdb_file.kept_open(file):
            endless = "select count(*) from range(10000000) a, range(10000000) b where a.range * b.range = 7"
            asked = thread.submit(_ask, file, endless)
            while not asked.running():
                pass
            other(lambda: _ask(file, "select 1"))
        with pytest.raises((duckdb_elsewhere.Gone, duckdb.Error)):
            asked.result(10)


def _ask(file: Path, statement: str) -> list[tuple[Any, ...]]:
    found = duckdb_elsewhere.find(file)
    assert found is not None
    return found.sql(statement).fetchall()


def _answer(file: Path, statement: str) -> bytes:
    """The bytes of a whole answer."""
    with duckdb_file.kept_open(file), closing(socket.socket(socket.AF_UNIX)) as asked:
        asked.connect(Path(f"{file}.reads").read_text())
        asked.sendall(f'{{"statement": "{statement}", "params": null}}\n'.encode())
        return asked.makefile("rb").read()


def _send(server: socket.socket, text: bytes) -> None:
    connection, _ = server.accept()
    with closing(connection):
        connection.recv(10_000)
        connection.sendall(text)
