"""Finds the tables and columns that Fivetran landed, in any spelling.

Fivetran lands `AnnualRevenue` as `annual_revenue`, or keeps it; `NPS_Score__c` becomes `nps_score_c`. Without
case and underscores they are one name, and by that name tables and columns are looked up.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kpi_platform.domain.sources import SourceTable

TableStatus = Literal["available", "switched_off", "absent"]

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])")


def column_key(name: str) -> str:
    """Returns the name without case and underscores: equal for all spellings of one field."""
    return name.replace("_", "").lower()


def landed_name(name: str) -> str:
    """Returns an API name the way Fivetran lands it by default: `NPS_Score__c` → `nps_score_c`, `Product2` →
    `product_2`. A landed name stays as it is."""
    return re.sub("_+", "_", _WORD_STARTS.sub("_", name)).lower()


@dataclass(frozen=True, slots=True)
class LandedColumn:
    """A column as the destination spells and types it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class LandedTable:
    """One source table of one customer. Only an available one has a schema, an identifier and columns.
    `repeats`: whether a key may have several rows, of which the latest is meant."""

    status: TableStatus
    schema: str | None = None
    identifier: str | None = None
    columns: Mapping[str, LandedColumn] | None = None
    repeats: bool = True

    def var(
        self, fields: Mapping[str, str], formats: Mapping[str, str], link_placeholders: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Returns the table as dbt gets it. `layout` is equal for tables with equal columns, repeats, mapped
        `fields`, `formats` of text and `link_placeholders`: the same SQL reads all of them, so it need be
        rendered only once a batch."""
        columns = {key: {"name": c.name, "type": c.type} for key, c in sorted((self.columns or {}).items())}
        read = [columns, sorted(fields.items()), sorted(formats.items())]
        layout = json.dumps([*read, self.repeats, *link_placeholders])
        return {
            "status": self.status,
            "database": None,
            "schema": self.schema,
            "identifier": self.identifier,
            "layout": hashlib.sha256(layout.encode()).hexdigest()[:16],
            "columns": columns,
            "formats": dict(formats),
            "repeats": self.repeats,
        }


ABSENT = LandedTable("absent")
SWITCHED_OFF = LandedTable("switched_off")


def find_schema(catalogue: Mapping[str, Any], name: str) -> str | None:
    """Returns the schema `name` as it is spelled: exactly so, or else ignoring case."""
    return _spelled(catalogue, lambda schema: schema == name, lambda schema: schema.lower() == name.lower())


def find_table(
    table: SourceTable,
    schema: str,
    landed: Mapping[str, Mapping[str, str]],
    *,
    mapped: Collection[str],
) -> LandedTable:
    """Finds `table` among the tables that landed in `schema`. `mapped` are field names from the settings: if
    two columns are spellings of one field, the one that is spelled like a mapped name is meant."""
    wanted = column_key(table.name)
    identifier = _spelled(
        landed,
        lambda name: name == table.name,
        lambda name: name.lower() == table.name,
        lambda name: column_key(name) == wanted,
    )
    if identifier is None:
        return ABSENT
    columns = find_columns(landed[identifier], mapped)
    return LandedTable("available", schema, identifier, columns)


def find_columns(columns: Mapping[str, str], mapped: Collection[str]) -> dict[str, LandedColumn]:
    """Returns `columns` (name → type) by key. Of two spellings of one field the mapped one wins, then the one
    that Fivetran makes of the mapped name, then a landed form, then the first in the alphabet."""
    exact = set(mapped)
    made = {landed_name(name) for name in mapped}

    def preference(name: str) -> tuple[bool, bool, bool, str]:
        return name not in exact, name not in made, name != name.lower(), name

    found: dict[str, LandedColumn] = {}
    for name in sorted(columns, key=preference):
        found.setdefault(column_key(name), LandedColumn(name, columns[name]))
    return found


def _spelled(names: Mapping[str, Any], *tests: Any) -> str | None:
    """The first name in the alphabet that passes the first test that any passes."""
    for test in tests:
        if passing := sorted(name for name in names if test(name)):
            return passing[0]
    return None
