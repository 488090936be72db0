"""The interface of a destination, whatever its type."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

if TYPE_CHECKING:
    import pyarrow as pa

Catalogue = Mapping[str, Mapping[str, Mapping[str, str]]]
"""schema → table → column → type (in lower case); names as they are spelled in the destination."""

StepName = Literal["resolve", "connect", "authenticate", "database", "schema", "can_read"]


@dataclass(frozen=True, slots=True)
class TableKey:
    """The key column of a landed table, spelled as in `columns()`. Values that share their first `characters`
    may be the same key; None compares them whole."""

    schema: str
    table: str
    column: str
    characters: int | None


@dataclass(frozen=True, slots=True)
class ConnectionStep:
    """One step of a connection test. After a step that failed no further one is tried. `error` says what went
    wrong and what to do; it holds no secret."""

    name: StepName
    ok: bool
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DbtTarget:
    """How dbt reaches the destination: an output of a profile in three parts. `output` is data, also if it
    looks like a template; `secrets` too, and nothing shows or writes them; `templates` are Jinja of this
    program, which dbt renders. `memory`: a database of it that is gone with its connections."""

    output: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(repr=False, default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    memory: str | None = None


class Destination(Protocol):
    """A warehouse that Fivetran writes to and that holds the marts in its schema `mart_schema`.

    Every method opens what it needs and closes it. All raise DestinationUnavailable if the destination
    cannot be reached or refuses, and HostNotAllowed if the operator does not permit its address.
    """

    @property
    def name(self) -> str:
        """Equal for equal destinations (type, place, user, schema of the marts); shown to people."""

    @property
    def mart_schema(self) -> str: ...

    def columns(self, schemas: Sequence[str]) -> Catalogue:
        """Returns the columns of every table in `schemas` (compared ignoring case), from one catalogue query.
        A schema that does not exist, or holds nothing that can be read, is missing from the answer."""

    def read_mart(
        self,
        table: str,
        customer: str | Sequence[str],
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, Any] | None = None,
    ) -> Iterator["pa.RecordBatch"]:
        """Yields one customer's rows of a mart, or those of several, one customer after the other; column
        names in lower case, in batches of bounded size. `where` maps a column to the value it must equal, or
        to the list of values it must be in. Yields nothing if the mart has no such rows; NotFound if
        there is no such mart yet."""

    def row_counts(self, schema: str, tables: Sequence[str]) -> dict[str, int]:
        """Returns the number of rows of each of `tables` (spelled as in `columns()`)."""

    def without_repeats(self, keys: Collection[TableKey]) -> set[TableKey]:
        """Returns the `keys` that no two rows share. Empty if finding out costs more than it saves."""

    def values(self, schema: str, table: str, column: str, limit: int) -> list[Any]:
        """Returns at most `limit` different values of a landed column (names spelled as in `columns()`), no
        NULL."""

    def first_rows(
        self, schema: str, table: str, columns: Sequence[str], limit: int
    ) -> list[tuple[Any, ...]]:
        """Returns the `columns` of at most `limit` rows of a landed table, in no order; names spelled as in
        `columns()`."""

    def mart_rows(self, tables: Sequence[str], customers: Sequence[str]) -> dict[str, dict[str, int]]:
        """Customer → mart → rows, for the customers that have any."""

    def mart_groups(self, table: str, customers: Sequence[str], by: Sequence[str]) -> list[tuple[Any, ...]]:
        """Customer, the values of the columns `by`, and how many rows of the mart have these."""

    def test_connection(self, schemas: Sequence[str] = ()) -> Iterator[ConnectionStep]:
        """Yields the steps from name to first row, each as it ends. `schemas` are the raw schemas to look
        into."""

    def query(self, sql: str) -> Iterator["pa.RecordBatch"]:
        """Yields the rows of a statement that dbt compiled; never one that holds text from elsewhere."""

    def dbt_target(self) -> DbtTarget: ...

    def pinned(self) -> Self:
        """Returns the same destination, its name resolved: from now on this process connects to the address
        that was found, as does dbt. Raises HostNotAllowed if the operator does not permit it."""

    def place(self) -> str | None:
        """Returns the server's own identity, which is equal for all names and addresses that reach it, with
        one query. None if its spelling in the settings identifies it, or if it has none."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Keeps others out while dbt works in the destination, or a caller does several things there."""

    def reading_together(self) -> AbstractContextManager[None]:
        """Opens the destination once for all reads in the block."""

    def state(self) -> Hashable | None:
        """Returns what becomes another value with every change of the destination; None if it has no such
        value at hand."""

    def within(self, seconds: float) -> Self:
        """Returns the same destination for a caller that waits at most so long for its turn, if it has
        turns."""

    def for_reader(self, seconds: float) -> Self:
        """Returns the same destination for a person who reads and waits at most so long: if it has turns, a
        build that has its turn answers meanwhile."""

    def compiling(self, folder: Path) -> Self:
        """Returns a destination for which dbt compiles the same statements, and which dbt need not wait for.
        What that needs is in `folder`."""
