"""Tables for the terminal: no word is ever cut.

A table whose columns do not fit side by side is printed as a block of lines for each row.
"""

import textwrap
from collections.abc import Collection, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 2
"""Blanks between two columns."""


def print_columns(
    console: Console,
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[str] = (),
    styles: Sequence[str] = (),
) -> None:
    """Prints a table of texts within the console's width; the columns in `right` hold numbers. `styles` are
    those of the first columns."""
    console.print(Text(title, style="italic"))
    widths = _widths(heads, rows, console.width)
    if widths is None:
        _print_blocks(console, heads, rows)
        return
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0), header_style="bold",
        show_header=any(heads),
    )  # fmt: skip
    for place, (head, width) in enumerate(zip(heads, widths, strict=True)):
        style = styles[place] if place < len(styles) else ""
        justify = "right" if head in right else "left"
        table.add_column(Text(head), width=width, justify=justify, style=style, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """The columns' widths: as wide as their longest line, or, if that is too much for all of them, at least
    as wide as their longest word. None if even the words do not fit."""
    columns = [[head, *cells] for head, *cells in zip(heads, *rows, strict=True)]
    wanted = [max(_longest(cell.splitlines()) for cell in column) for column in columns]
    least = [max(_longest(cell.split()) for cell in column) for column in columns]
    room = width - _GAP * (len(columns) - 1)
    if sum(wanted) <= room:
        return wanted
    if sum(least) > room:
        return None
    # What a column with short lines leaves is shared by the others.
    widths = dict(enumerate(least))
    room -= sum(least)
    for left, place in enumerate(sorted(widths, key=lambda place: wanted[place] - least[place])):
        more = min(wanted[place] - least[place], room // (len(widths) - left))
        widths[place] += more
        room -= more
    return list(widths.values())


def _print_blocks(console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    indent = max(map(cell_len, heads)) + _GAP
    for row in rows:
        console.print()
        for head, cell in zip(heads, row, strict=True):
            lines = [
                line
                for part in cell.splitlines() or [""]
                for line in textwrap.wrap(
                    part, max(console.width - indent, 20), break_long_words=False, break_on_hyphens=False
                )
                or [""]
            ]
            for number, line in enumerate(lines):
                label = head if number == 0 else ""
                text = Text.assemble((label + " " * (indent - cell_len(label)), "bold"), line)
                console.print(text, soft_wrap=True)


def _longest(words: Sequence[str]) -> int:
    return max(map(cell_len, words), default=0)
