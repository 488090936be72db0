"""The embedded DuckDB file as a destination."""

import os
import warnings
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from kpi_platform.adapters import duckdb_file
from kpi_platform.adapters.destination import statements
from kpi_platform.adapters.destination.protocol import Catalogue, ConnectionStep, DbtTarget, TableKey
from kpi_platform.adapters.destination.sql_destination import SqlDestination
from kpi_platform.adapters.destination.steps import require_schemas, run_steps
from kpi_platform.domain.errors import Damaged, DestinationUnavailable, NotFound

BATCH_ROWS = 20_000
STATEMENTS_AT_ONCE = 2
"""A build runs two, with half of the cores each: DuckDB parses and plans a statement on one of them, while
dbt renders the next."""

_MEMORY = "memory_of_batch"

warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)

ASKED_TOGETHER = 32
"""Number of tables whose keys one statement reads: they are in memory at once."""
_DIALECT = DefaultDialect(paramstyle="numeric_dollar")
_quoted = _DIALECT.identifier_preparer.quote_identifier


@dataclass(frozen=True, slots=True)
class DuckDbDestination(SqlDestination):
    """Reads take the file's queue lock for as long as they last, an iteration over rows included."""

    file: Path
    mart_schema: str
    wait_seconds: float = duckdb_file.DEFAULT_WAIT_SECONDS
    beside_builds: bool = False
    """Whether reads of this process ask a build that has the file open, instead of waiting for its end."""
    is_empty: bool = False
    """Whether the file is one in which dbt compiles, and nobody reads."""

    @property
    def name(self) -> str:
        return f"duckdb {self.file.name} ({self.mart_schema})"

    def columns(self, schemas: Sequence[str]) -> Catalogue:
        if not self.file.exists() or not schemas:
            return {}
        statement = statements.columns(schemas).where(
            sa.column("table_catalog") == sa.func.current_database()
        )
        return statements.nested(self._rows(statement))

    def read_mart(
        self,
        table: str,
        customer: str | Sequence[str],
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, Any] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        with self._reading() as connection:
            try:
                rows = _select(connection, statements.mart(self.mart_schema, table, customer, columns, where))
            except duckdb.CatalogException as cause:
                raise NotFound(
                    f"There is no mart {self.mart_schema}.{table} in {self.file.name}.",
                    next_step="Compute the KPIs of a customer first.",
                ) from cause
            yield from _batches(rows)

    def without_repeats(self, keys: Collection[TableKey]) -> set[TableKey]:
        """Sorted, the hashes of all keys show repeats in a third of the time that grouping them takes."""
        if not keys:
            return set()
        alike: dict[tuple[str, int | None], list[TableKey]] = defaultdict(list)
        for key in keys:
            alike[key.column, key.characters].append(key)
        asked = [
            group[start : start + ASKED_TOGETHER]
            for group in alike.values()
            for start in range(0, len(group), ASKED_TOGETHER)
        ]
        with self._reading() as connection, ThreadPoolExecutor(STATEMENTS_AT_ONCE) as threads:

            def ask(some: Sequence[TableKey]) -> Sequence[TableKey]:
                with closing(connection.cursor()) as cursor:
                    return _without_repeats(cursor, some)

            return {key for found in threads.map(ask, asked) for key in found}

    def query(self, sql: str) -> Iterator[pa.RecordBatch]:
        with self._reading() as connection:
            try:
                yield from _batches(_planned_once(connection, sql))
            except duckdb.Error as cause:
                raise DestinationUnavailable(
                    f"The warehouse file {self.file.name} did not answer: {self._reason(cause)}",
                    next_step="Look at the tables or views that the message names.",
                ) from cause

    def test_connection(self, schemas: Sequence[str] = ()) -> Iterator[ConnectionStep]:
        """Yields the steps of every destination. A file has no address and no sign-in: those steps say that
        it is there and may be read."""
        return run_steps(
            [
                ("resolve", self._require_file),
                ("connect", self._open_once),
                ("authenticate", self._open_once),
                ("database", lambda: self.columns(["information_schema"])),
                ("schema", lambda: require_schemas(self.columns(schemas), schemas)),
                ("can_read", lambda: self._read_each(schemas)),
            ]
        )

    def dbt_target(self) -> DbtTarget:
        output = {
            "type": "duckdb",
            "path": str(self.file),
            "schema": self.mart_schema,
            "threads": STATEMENTS_AT_ONCE,
            "attach": [{"path": ":memory:", "alias": _MEMORY}],
            # This optimizer's time grows with the square of the tables that a batch unites: minutes for 200
            # customers, and no gain that was seen for one.
            "settings": {
                "TimeZone": "UTC",
                "disabled_optimizers": "projection_pullup",
                "threads": max(1, (os.cpu_count() or 1) // STATEMENTS_AT_ONCE),
                "checkpoint_threshold": "1GB",
            },
        }
        return DbtTarget(output=output, memory=_MEMORY)

    def pinned(self) -> Self:
        return self

    def place(self) -> None:
        """Returns None: an installation has one such file."""

    def exclusive(self) -> AbstractContextManager[None]:
        hold = duckdb_file.exclusive if self.is_empty else duckdb_file.kept_open
        return hold(self.file, wait_seconds=self.wait_seconds)

    @contextmanager
    def reading_together(self) -> Iterator[None]:
        """Opens the file once."""
        self._require_file()
        with self._naming_faults(), duckdb_file.kept_to_read(self.file, wait_seconds=self.wait_seconds):
            yield

    def state(self) -> Hashable | None:
        """Returns times and sizes of the file and of the log that DuckDB writes beside it."""
        found = []
        for file in (self.file, self.file.with_name(f"{self.file.name}.wal")):
            with suppress(FileNotFoundError):
                stat = file.stat()
                found.append((file.name, stat.st_ino, stat.st_mtime_ns, stat.st_size))
        return tuple(found)

    def within(self, seconds: float) -> Self:
        return replace(self, wait_seconds=seconds)

    def for_reader(self, seconds: float) -> Self:
        return replace(self, wait_seconds=seconds, beside_builds=True)

    def compiling(self, folder: Path) -> Self:
        # An empty file of the same name: that of the database in what is compiled.
        return replace(self, file=folder / self.file.name, is_empty=True)

    def _require_file(self) -> None:
        if not self.file.exists():
            raise DestinationUnavailable(
                f"The warehouse file {self.file.name} does not exist.",
                next_step="Run a sync, or put the file into KPI_PLATFORM_HOME.",
            )

    def _open_once(self) -> None:
        with self._reading():
            pass

    def _rows(self, statement: sa.SelectBase) -> Sequence[Sequence[Any]]:
        with self._reading() as connection:
            return _select(connection, statement).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        """Gives a connection, or what answers like one."""
        self._require_file()
        with (
            self._naming_faults(),
            duckdb_file.reading(self.file, wait_seconds=self.wait_seconds)
            if self.beside_builds
            else duckdb_file.connect(self.file, read_only=True, wait_seconds=self.wait_seconds) as connection,
        ):
            yield connection

    @contextmanager
    def _naming_faults(self) -> Iterator[None]:
        """Turns what keeps the file from being read into DestinationUnavailable."""
        try:
            yield
        except Damaged as cause:
            raise DestinationUnavailable(cause.message, next_step=cause.next_step) from cause
        except duckdb.IOException as cause:
            raise DestinationUnavailable(
                f"The warehouse file {self.file.name} cannot be read: {self._reason(cause)}",
                next_step="Check that it is a DuckDB file of this version and that this user may read it.",
            ) from cause

    def _reason(self, cause: duckdb.Error) -> str:
        """Returns DuckDB's message without the folder."""
        return str(cause).splitlines()[0].replace(f"{self.file.parent}{os.sep}", "")


def _planned_once(connection: Any, sql: str) -> Any:
    """Returns the rows of a long statement. DuckDB plans a relation when it is made, and again when it is
    read, which takes longer than the copy of a few rows that is made here."""
    if isinstance(connection, duckdb_file.Beside):
        return connection.sql(sql)
    return connection.execute(sql)


def _select(connection: duckdb.DuckDBPyConnection, statement: sa.SelectBase) -> duckdb.DuckDBPyRelation:
    sql, values = statements.positional(statement, _DIALECT)
    return connection.sql(sql, params=values)


def _without_repeats(connection: duckdb.DuckDBPyConnection, keys: Sequence[TableKey]) -> Sequence[TableKey]:
    """`keys` have columns of one name."""
    if not _repeats(connection, keys):
        return keys
    if len(keys) == 1:
        return []
    return [key for one in keys for key in _without_repeats(connection, [one])]


def _repeats(connection: duckdb.DuckDBPyConnection, keys: Sequence[TableKey]) -> bool:
    """Returns the keys also if a table cannot be read: the build then says so for the customer whose table it
    is."""
    hashes = " union all ".join(_hashes(key, place) for place, key in enumerate(keys))
    try:
        found = connection.sql(hashes).fetchnumpy()["hash"]
    except duckdb.Error:
        return True
    found.sort()
    return bool((found[1:] == found[:-1]).any())


def _hashes(key: TableKey, place: int) -> str:
    """Returns a checksum of all keys of a table; equal keys of tables at another place have another one. The
    statement is text: SQLAlchemy takes as long for a thousand small tables as DuckDB takes to read them."""
    column, schema, table = map(_quoted, (key.column, key.schema, key.table))
    value = f"cast({column} as varchar)"
    if key.characters is not None:
        value = f"left({value}, {key.characters})"
    return (
        f"select hash({place}, {value}) as hash"  # noqa: S608
        f" from {schema}.{table} where {column} is not null"
    )


def _batches(relation: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    reader = relation.to_arrow_reader(BATCH_ROWS)
    names = [name.lower() for name in reader.schema.names]
    for batch in reader:
        yield batch.rename_columns(names)
