"""CSV files as spreadsheets and CRMs write them, into rows of cells by column."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kpi_platform.domain.errors import InvalidInput, NotFound

_DELIMITERS = ",;\t"
_NAMES = {"\t": "tab"}
# Excel's own note to itself: the first line may name the delimiter.
_SEPARATOR_LINE = re.compile('"?sep=(?P<delimiter>[^"\\w\\s]|\t)"?(\r\n|\r|\n)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CsvRow:
    """`line` is the one on which the row begins, from 1. `cells` are trimmed, by lower-case title."""

    line: int
    cells: Mapping[str, str]


def read_csv(path: Path, required: Sequence[str]) -> Iterator[CsvRow]:
    """Yields the rows below the titles, without blank ones.

    The delimiter is what a `sep=` line names, or else the one of comma, semicolon and tab that finds most of
    the `required` columns, and then most columns. Lines end in any convention; Unicode's line separators are
    text. A title may say more after a comma or a bracket: `name (legal)` is name, if no other column is.
    NotFound or InvalidInput, naming file and line."""
    text = _text(path)
    lines_before = 0
    if separator := _SEPARATOR_LINE.match(text):
        text, lines_before = text[separator.end() :], 1
    delimiters = separator["delimiter"] if separator else _DELIMITERS
    titles = {delimiter: _titles(text, delimiter) for delimiter in delimiters}
    delimiter = max(delimiters, key=lambda one: _fit(titles[one], required))
    rows = _rows(path, text, delimiter, lines_before)
    _, header = next(rows, (1, []))
    columns = _columns(header, required)
    missing = [name for name in required if name not in columns]
    if missing:
        found = ", ".join(f"'{title.strip()}'" for title in header)[:200]
        raise InvalidInput(
            f"{path} has no column {' and no column '.join(missing)}.",
            next_step=f"Its first line must name {' and '.join(required)}; it names: {found or 'nothing'}.",
        )
    for line, row in rows:
        _require_length(path, line, row, header, delimiter)
        yield CsvRow(line, {name: row[place].strip() for name, place in columns.items()})


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", next_step="Check the path.") from error
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}.", next_step="Name a CSV file."
        ) from error
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        raise InvalidInput(
            f"{path}, line {line}: there is a character that is not UTF-8.", next_step="Save it as CSV UTF-8."
        ) from error
    if "\0" in text:
        line = 1 + text.count("\n", 0, text.index("\0"))
        raise InvalidInput(
            f"{path}, line {line}: there is a NUL character, so this is no text in UTF-8.",
            next_step="Save it as CSV UTF-8.",
        )
    return text


def _titles(text: str, delimiter: str) -> list[str]:
    try:
        return next(_filled(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)), [])
    except csv.Error:
        return []


def _filled(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if any(cell.strip() for cell in row))


def _fit(titles: list[str], required: Sequence[str]) -> tuple[int, int]:
    columns = _columns(titles, required)
    return sum(name in columns for name in required), len(titles)


def _columns(header: Sequence[str], required: Sequence[str]) -> dict[str, int]:
    """Title in lower case → its place, the first of several."""
    titles = [title.strip().lower() for title in header]
    columns = {title: place for place, title in reversed(list(enumerate(titles)))}
    for name in required:
        longer = [place for place, title in enumerate(titles) if re.match(rf"{name}\s*[,(\[]", title)]
        if name not in columns and len(longer) == 1:
            columns[name] = longer[0]
    return columns


def _rows(path: Path, text: str, delimiter: str, lines_before: int) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row that is not blank."""
    # Only \n, \r and \r\n end a line; the reader keeps those that are in quotes.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = lines_before + 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, row
            line = lines_before + reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput(
            f"{path}, line {line}: {error}.", next_step="Mend the quotes there, or export it anew."
        ) from error


def _require_length(path: Path, line: int, row: list[str], header: list[str], delimiter: str) -> None:
    """Fails for a row without all its cells, or with a further one that holds something."""
    if len(row) < len(header):
        raise InvalidInput(
            f"{path}, line {line}: the row has {len(row)} of {len(header)} cells.",
            next_step="Give the row a cell for each column; it may be empty.",
        )
    if any(cell.strip() for cell in row[len(header) :]):
        raise InvalidInput(
            f"{path}, line {line}: the row has {len(row)} cells, and there are {len(header)} columns.",
            next_step=f"Put a text that holds the delimiter ({_NAMES.get(delimiter, delimiter)}) in quotes.",
        )
