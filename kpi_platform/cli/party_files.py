"""CSV files of accounts, as spreadsheets and CRMs write them, into parties."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from kpi_platform.domain.errors import InvalidInput, NotFound
from kpi_platform.domain.matching.domains import registrable_domain
from kpi_platform.domain.matching.party import Party

_COLUMNS_OF_DOMAINS = ("domain", "domains", "website", "email", "emails")


def read_parties(path: Path) -> list[Party]:
    """Returns the accounts of a CSV file: columns id and name, and, if there are any, domain, website, email,
    city, country.

    Column names in any case and order; comma, semicolon or tab; UTF-8 (with or without mark) or UTF-16. Other
    columns are ignored. NotFound or InvalidInput, naming file and line.
    """
    rows = _rows(path)
    _, header = next(rows, (1, []))
    columns = {title.strip().lower(): place for place, title in reversed(list(enumerate(header)))}
    missing = [column for column in ("id", "name") if column not in columns]
    if missing:
        raise InvalidInput(
            f"{path} has no column {' and no column '.join(missing)}.",
            next_step=f"Its first line must name id and name; it reads: {', '.join(header)[:200]}",
        )
    parties: dict[str, Party] = {}
    for line, row in rows:
        cells = {column: row[place].strip() for column, place in columns.items() if place < len(row)}
        if not any(cells.values()):
            continue
        party = _party(cells)
        if not party.id:
            raise InvalidInput(f"{path}, line {line}: the id is empty.", next_step="Give the row an id.")
        if party.id in parties:
            raise InvalidInput(
                f"{path}, line {line}: the id '{party.id}' was there before.",
                next_step="Give every row an id of its own.",
            )
        parties[party.id] = party
    return list(parties.values())


def _party(cells: dict[str, str]) -> Party:
    texts = [part for column in _COLUMNS_OF_DOMAINS for part in re.split(r"[\s,;|]+", cells.get(column, ""))]
    domains = (registrable_domain(text) for text in texts if text)
    return Party(
        id=cells["id"],
        name=cells.get("name", ""),
        domains=frozenset(domain for domain in domains if domain),
        city=cells.get("city") or None,
        country=cells.get("country") or None,
    )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row."""
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
        raise InvalidInput(
            f"{path} is not UTF-8: {error.reason}.", next_step="Save it as CSV UTF-8."
        ) from error
    first = text.partition("\n")[0]
    reader = csv.reader(
        text.replace("\0", "").splitlines(keepends=True), delimiter=max(",;\t", key=first.count), strict=True
    )
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InvalidInput(
            f"{path}, line {reader.line_num}: {error}.", next_step="Mend the quotes there, or export it anew."
        ) from error
