"""The marts of the benchmark's customer by the script in handwritten/, and what differs from dbt's."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from kpi_platform.adapters.dbt import project_directory

_SCRIPT = Path(__file__).parent / "handwritten"

_FOR_THE_PAST = (
    "table_name = 'account_outcomes' or column_name = 'computed_at' or column_name = 'are_fields_known'"
    " or column_name like 'is\\_%\\_known' escape '\\'"
)
"""What only back-tests read: the script by hand leaves it out, and has so much less to do."""


def compute_by_hand(file: Path, as_of: datetime) -> None:
    """All marts in the schema `handwritten`, written to the file."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET VARIABLE as_of = $1", [as_of.astimezone(UTC).replace(tzinfo=None)])
        for part in sorted(_SCRIPT.glob("*.sql")):
            connection.execute(part.read_text())


def mart_rows(file: Path) -> dict[str, int]:
    """Mart of dbt's → its rows."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return {mart: _count(connection, f"kpi.{mart}") for mart in _columns(connection, "kpi")}


def differences(file: Path) -> list[str]:
    """Where dbt's marts and those by hand differ: a line for each column, with an example."""
    with duckdb.connect(str(file), read_only=True) as connection:
        built, by_hand = _columns(connection, "kpi"), _columns(connection, "handwritten")
        lines: list[str] = []
        for mart in sorted({*built, *by_hand}):
            if other := built.get(mart, {}).items() ^ by_hand.get(mart, {}).items():
                columns = ", ".join(f"{name} {kind}" for name, kind in sorted(other))
                lines.append(f"{mart}: only dbt has, or only the script: {columns}")
            else:
                lines += _differences(connection, mart, built[mart])
        return lines


def _differences(
    connection: duckdb.DuckDBPyConnection, mart: str, columns: Mapping[str, str]
) -> Iterator[str]:
    """A row that only one of both has differs in every column that it has a value in."""
    rows, rows_by_hand = (_count(connection, f"{schema}.{mart}") for schema in ("kpi", "handwritten"))
    if rows != rows_by_hand:
        yield f"{mart} has {rows:,} rows, by hand {rows_by_hand:,}"
    same_row = " and ".join(
        f"built.{column} is not distinct from ours.{column}" for column in _grain(mart) if column in columns
    )
    counts = [f"count(*) filter ({_differ(name, kind)})" for name, kind in columns.items()]
    examples = [
        f"any_value(concat(built, '\n    by hand ', ours)) filter ({_differ(name, kind)})"
        for name, kind in columns.items()
    ]
    found: tuple[Any, ...] = connection.execute(
        f"select {', '.join(counts + examples)} from kpi.{mart} as built"
        f" full outer join handwritten.{mart} as ours on {same_row}"
    ).fetchall()[0]
    for column, count, example in zip(columns, found[: len(columns)], found[len(columns) :], strict=True):
        if count:
            yield f"{mart}.{column} differs in {count:,} rows, for example\n    dbt     {example}"


def _differ(column: str, kind: str) -> str:
    """Whether a column's values differ by more than what the order of a sum changes."""
    different = f"built.{column} is distinct from ours.{column}"
    if kind != "DOUBLE":
        return different
    distance = f"abs(built.{column} - ours.{column})"
    return f"{different} and coalesce({distance} > greatest(1e-9 * abs(built.{column}), 1e-12), true)"


def _grain(mart: str) -> Sequence[str]:
    """The columns that tell its rows apart, as the project's own test states them; all, if none does."""
    file = project_directory() / "models" / "marts" / f"{mart}.yml"
    (model,) = yaml.safe_load(file.read_text())["models"]
    tests = [test["valid_rows"] for test in model.get("data_tests", ()) if "valid_rows" in test]
    columns: Sequence[str] = (
        tests[0]["arguments"]["grain"] if tests else [column["name"] for column in model["columns"]]
    )
    return columns


def _columns(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, dict[str, str]]:
    """Mart → column → type."""
    found: dict[str, dict[str, str]] = {}
    for mart, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        f" where schema_name = $1 and not ({_FOR_THE_PAST})",
        [schema],
    ).fetchall():
        found.setdefault(mart, {})[column] = kind
    return found


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    ((rows,),) = connection.execute(f"select count(*) from {table}").fetchall()
    return int(rows)
