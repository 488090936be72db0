"""Tables of the command line fit the terminal and never cut a word."""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from typer.main import get_command

from kpi_platform.cli import output
from kpi_platform.cli.main import app
from kpi_platform.cli.output_table import print_columns
from kpi_platform.configuration import Configuration
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.operation.planting import plant_in_dashboard

WIDTH = 80
CLI = Path(output.__file__).parent
LONG = "A name of many words, and a_very_long_word_that_nobody_would_break: " + "x" * 60
RUNS = {
    "alert list": ("acme",),
    "claim list": (),
    "customer list": (),
    "customer show": ("acme",),
    "secret list": ("acme",),
    "settings history": ("acme",),
    "settings set": ("acme", "alerts.on_stale_hours", "36"),
    "settings show": ("acme",),
    "status": (),
    "token list": (),
    "uploads list": ("acme",),
}
"""Arguments of each command that prints a table of what the dashboard holds."""
ELSEWHERE = {
    "customer add", "customer connect", "customer erase", "demo", "explain", "settings import",
    "settings restore", "settings apply", "uploads diff", "webhook list",
}  # fmt: skip
"""Commands that print a table by the same function, of what Fivetran, the warehouse or a change answers."""


@given(
    st.lists(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"))), min_size=1, max_size=7),
    st.data(),
)
def test_no_word_is_cut_and_no_line_is_too_long(heads: list[str], data: st.DataObject) -> None:
    text = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=200)
    rows = data.draw(st.lists(st.lists(text, min_size=len(heads), max_size=len(heads)), max_size=3))
    file = io.StringIO()
    print_columns(Console(file=file, width=WIDTH), "A title", heads, rows)
    printed = file.getvalue()
    shown = set(printed.split())
    words = [word for row in rows for cell in row for word in cell.split()]
    assert all(word in shown for word in words)
    if all(cell_len(word) <= WIDTH // 2 for word in (*words, *heads)):
        assert all(cell_len(line.rstrip()) <= WIDTH for line in printed.splitlines())


def commands() -> Iterator[str]:
    def leaves(command: object, path: tuple[str, ...]) -> Iterator[str]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield " ".join(path)
        for name, one in (inner or {}).items():
            yield from leaves(one, (*path, name))

    return leaves(get_command(app), ())


def test_every_command_that_prints_a_table_is_looked_at() -> None:
    assert set(RUNS) | ELSEWHERE <= set(commands())
    calls = {
        (file.name, node.lineno)
        for file in CLI.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Table"
    }
    # All tables are made in one place.
    assert {name for name, _ in calls} == {"output_table.py"}


@pytest.mark.parametrize("command", RUNS)
def test_the_table_of_a_command_fits_80_columns(
    command: str, configuration: Configuration, sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells: list[str] = []

    def noting(console: Console, title: str, heads: list[str], rows: list[list[str]], **more: object) -> None:
        cells.extend(cell for row in rows for cell in row)
        print_columns(console, title, heads, rows, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(output, "print_columns", noting)
    with sqlite_engine.begin() as connection:
        document = {"salesforce": {"connection_id": "acme_1", "schema": "acme_1"}}
        plant_in_dashboard(connection, "acme", LONG, document)
        plant_in_dashboard(connection, "bolt", "Short", {"salesforce": {"connection_id": "b", "schema": "b"}})
        connection.execute(sa.text("update alerts set cleared_at = null"))
    answer = run_command(configuration.home, *command.split(), *RUNS[command], COLUMNS=str(WIDTH))
    assert answer.exit_code == 0, answer.output
    shown = set(answer.stdout.split())
    assert cells
    assert [word for cell in cells for word in cell.split() if word not in shown] == []
    assert [
        line for line in answer.stdout.splitlines() if cell_len(line.rstrip()) > WIDTH and " " in line
    ] == []
