"""The output of commands: one console, JSON on demand, and expected errors as a message with an exit code."""

import json
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from kpi_platform.cli.output_table import print_columns
from kpi_platform.configuration import Configuration
from kpi_platform.domain.damage import UNNAMED_DATABASE, damage_of
from kpi_platform.domain.errors import InvalidSettings, KpiPlatformError

P = ParamSpec("P")
R = TypeVar("R")

console = Console()
error_console = Console(stderr=True)
_WIDTH_OF_FILES = 160


def print_json(value: Any) -> None:
    """Prints `value` as JSON on standard output. Dataclasses become objects, instants ISO 8601 in UTC."""
    typer.echo(json.dumps(value, default=_plain, indent=2, ensure_ascii=False))


def print_line(text: str, mark: str = "") -> None:
    """Prints a line of text, never markup, behind a `mark` in markup."""
    console.print(mark + escape(text), emoji=False, highlight=False, soft_wrap=True)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    right: Collection[str] = (),
    styles: Sequence[str] = (),
) -> None:
    """Prints a table that never cuts a word; None is shown as a dash. Cells are text, never markup. The
    columns in `right` hold numbers; `styles` are those of the first columns. In a file a line may be longer
    than on a terminal, unless COLUMNS says how long."""
    heads = [column.replace("_", " ") for column in columns]
    cells = [["–" if cell is None else _text(cell) for cell in row] for row in rows]
    is_free = not console.is_terminal and "COLUMNS" not in os.environ
    out = Console(width=_WIDTH_OF_FILES) if is_free else console
    print_columns(out, title, heads, cells, right=right, styles=styles)


def cli_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Returns a command that ends an expected error with its message and next step on standard error and exit
    code 1; an unexpected one likewise if it comes from a file that cannot be read or written. If the
    command's parameter `as_json` is set, the error is printed as `{"error": {…}}` on standard output."""

    @wraps(command)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KpiPlatformError as error:
            _tell(error, bool(kwargs.get("as_json")))
            raise typer.Exit(1) from error
        except Exception as error:
            damage = _damage(error)
            if damage is None:
                raise
            _tell(damage, bool(kwargs.get("as_json")))
            raise typer.Exit(1) from error

    return checked


def _damage(error: Exception) -> KpiPlatformError | None:
    """The damage that `error` comes from, with the file that it concerns."""
    from kpi_platform.pipeline.state_files import damaged_files

    try:
        configuration = Configuration.from_environment()
    except KpiPlatformError:
        return damage_of(error, Path.cwd())
    damage = damage_of(error, configuration.home)
    if damage is not None and damage.what == UNNAMED_DATABASE:
        return next(damaged_files(configuration), damage)
    return damage


def _tell(error: KpiPlatformError, as_json: bool) -> None:
    error = error.for_operator
    if as_json:
        texts = {"code": error.code, "message": error.operator_message, "next_step": error.next_step}
        print_json({"error": {**texts, "details": error.details}})
    else:
        _print_error(error)


def _print_error(error: KpiPlatformError) -> None:
    fields = error.details.get("errors") if isinstance(error, InvalidSettings) else None
    message = "The settings are not valid:" if fields else error.operator_message
    error_console.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True, highlight=False)
    for each in fields or ():
        line = f"  [bold]{escape(each['field'])}[/] {escape(each['message'])}"
        error_console.print(line, soft_wrap=True, highlight=False)
    if error.next_step:
        error_console.print(escape(error.next_step), soft_wrap=True, highlight=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M} UTC"
    return str(cell)
