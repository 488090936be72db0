"""CSV for spreadsheets: UTF-8 with a byte order mark, and no text that one of them would compute."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

BYTE_ORDER_MARK = "\ufeff"
"""First character of a file: without it Excel reads UTF-8 as the machine's own code page."""

# Spreadsheets read the small and full-width forms as the plain characters. If their list separator is the
# semicolon, a cell ends at it.
_FORMULA = re.compile(
    "(^|[;\t\r\n])(?=\\s*[=+\\-@\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]|[\t\r\n])"
)


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Returns rows. Instants are written in UTC, to the minute; None is an empty cell."""
    text = io.StringIO()
    # Most cells are numbers or empty: no call for them.
    csv.writer(text).writerows(
        [cell if cell is None or type(cell) is float else _written(cell) for cell in row] for row in rows
    )
    return text.getvalue()


def _written(cell: object) -> object:
    if isinstance(cell, str):
        return _escaped(cell)
    return f"{cell:%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else cell


@lru_cache(maxsize=1024)
def _escaped(text: str) -> str:
    """Most texts of a file are the same few words: states and bands."""
    return _FORMULA.sub(r"\1'", text)
