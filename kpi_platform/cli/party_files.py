"""CSV files of accounts into parties."""

import re
from collections.abc import Mapping
from pathlib import Path

from kpi_platform.cli.csv_tables import read_csv
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.matching.domains import registrable_domain
from kpi_platform.domain.matching.party import Party

_COLUMNS_OF_DOMAINS = ("domain", "domains", "website", "email", "emails")


def read_parties(path: Path) -> list[Party]:
    """Returns the accounts of a CSV file, as `read_csv` reads it: columns id and name, and, if there are any,
    domain, website, email, city, country. NotFound or InvalidInput, naming file and line."""
    parties: dict[str, Party] = {}
    for row in read_csv(path, ("id", "name")):
        party = _party(row.cells)
        if not party.id:
            raise InvalidInput(f"{path}, line {row.line}: the id is empty.", next_step="Give the row an id.")
        if party.id in parties:
            raise InvalidInput(
                f"{path}, line {row.line}: the id '{party.id}' was there before.",
                next_step="Give every row an id of its own.",
            )
        parties[party.id] = party
    return list(parties.values())


def _party(cells: Mapping[str, str]) -> Party:
    texts = [part for column in _COLUMNS_OF_DOMAINS for part in re.split(r"[\s,;|]+", cells.get(column, ""))]
    domains = (registrable_domain(text) for text in texts if text)
    return Party(
        id=cells["id"],
        name=cells["name"],
        domains=frozenset(domain for domain in domains if domain),
        city=cells.get("city") or None,
        country=cells.get("country") or None,
    )
