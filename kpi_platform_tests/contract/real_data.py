"""Data that nobody shaped to the models: the real incident log, and the samples of Fivetran's own packages.

The incidents are the UCI Machine Learning Repository's data set 498, doi 10.24432/C57S4H (Amaral, Fantinato,
Peres), CC BY 4.0.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.contract.landing import LandedSchema, LandedTable
from kpi_platform_tests.reference.values import number as exact_number

PACKAGE_SAMPLES_AS_OF = datetime(2019, 4, 10, tzinfo=UTC)
_BUSIEST_DAY = date(2016, 5, 15)

_INCIDENT_COLUMNS = {
    "sys_id": "VARCHAR",
    "u_customer_account_id": "VARCHAR",
    "opened_at": "TIMESTAMP",
    "resolved_at": "TIMESTAMP",
    "closed_at": "TIMESTAMP",
    "incident_state": "VARCHAR",
    "priority": "VARCHAR",
    "category": "VARCHAR",
    "made_sla": "VARCHAR",
    "reopen_count": "INTEGER",
    "reassignment_count": "INTEGER",
    "_fivetran_synced": "TIMESTAMP",
}
_LIFE = {"is_deleted", "_fivetran_deleted", "_fivetran_active"}
_LANDED_TYPES = {
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "int": "BIGINT",
    "float": "DOUBLE",
    "numeric": "DOUBLE",
}


def incident_log(shared: Path, today: datetime) -> LandedCustomer:
    """All 24,918 incidents in their final state, shifted by whole days: 2016-05-15, in the log's busiest
    months, falls on `today`. Every location is an account, most of them Salesforce's."""
    with zipfile.ZipFile(shared / "servicenow_incidents" / "incident_event_log.csv.zip") as archive:
        text = io.TextIOWrapper(archive.open(archive.namelist()[0]), encoding="utf-8")
        final = {row["number"]: row for row in csv.DictReader(text)}
    incidents = [_incident(row, today.date() - _BUSIEST_DAY) for row in final.values()]
    locations = sorted(
        {str(row["u_customer_account_id"]) for row in incidents if row["u_customer_account_id"]}
    )
    accounts: list[dict[str, object]] = [
        {
            "id": location,
            "name": f"Client at {location}",
            "type": "Prospect" if index % 10 == 9 else "Customer",
            "nps_score_c": float(index % 101),
        }
        for index, location in enumerate(locations)
        if index % 4
    ]
    account_columns = {"id": "VARCHAR", "name": "VARCHAR", "type": "VARCHAR", "nps_score_c": "DOUBLE"}
    return LandedCustomer(
        "incident_log",
        {
            "salesforce": {"account": LandedTable(account_columns, accounts)},
            "servicenow": {"incident": LandedTable(_INCIDENT_COLUMNS, incidents)},
        },
        {},
    )


def _incident(row: dict[str, str], shift: timedelta) -> dict[str, object]:
    cell = {name: None if value == "?" else value for name, value in row.items()}
    return {
        "sys_id": row["number"],
        "u_customer_account_id": cell["location"],
        **{name: _day_first(cell[name], shift) for name in ("opened_at", "resolved_at", "closed_at")},
        **{name: cell[name] for name in ("incident_state", "priority", "category", "made_sla")},
        **{name: int(row[name]) for name in ("reopen_count", "reassignment_count")},
        "_fivetran_synced": _day_first(cell["sys_updated_at"], shift),
    }


def _day_first(shown: str | None, shift: timedelta) -> datetime | None:
    if shown is None:
        return None
    # Like "29/2/2016 01:16"; strptime takes ten times as long.
    day, month, year, hour, minute = map(int, re.split(r"[/ :]", shown))
    return datetime(year, month, day, hour, minute) + shift


def package_samples(shared: Path, *, typed: bool, revived: bool) -> LandedCustomer:
    """The rows of Fivetran's packages: as text throughout, or in the types that Fivetran lists. Nearly all
    are deleted at the source; `revived` leaves out the columns that say so, and the hashed account
    types."""
    folder = shared / "fivetran_schemas"
    types: dict[tuple[str, str, str], str] = {}
    for source in ("salesforce", "servicenow"):
        for line in _read(folder / f"{source}_columns.csv"):
            types[source, line["table"], line["column"]] = line["type"]
    schemas: dict[str, dict[str, LandedTable]] = {"salesforce": {}, "servicenow": {}}
    for file in sorted(folder.glob("*_data.csv")):
        name = file.name.removesuffix("_data.csv")
        source = "salesforce" if name.startswith("sf_") else "servicenow"
        table = name.removeprefix("sf_")
        rows = _read(file)
        hidden = _LIFE | ({"type"} if table == "account" else set()) if revived else set()
        listed = {
            column: types.get((source, table, column), "string") for column in rows[0] if column not in hidden
        }
        columns = {column: _LANDED_TYPES[kind] if typed else "VARCHAR" for column, kind in listed.items()}
        schemas[source][table] = _typed(columns, rows)
    landed: dict[str, LandedSchema] = dict(schemas)
    key = f"samples_{'typed' if typed else 'text'}{'_revived' if revived else ''}"
    return LandedCustomer(key, landed, {})


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _typed(columns: dict[str, str], rows: Iterable[dict[str, str]]) -> LandedTable:
    return LandedTable(
        columns, [{column: _cell(row[column], kind) for column, kind in columns.items()} for row in rows]
    )


def _cell(shown: str, kind: str) -> object:
    if shown == "":
        return None
    if kind == "VARCHAR":
        return shown
    if kind == "BOOLEAN":
        return shown.lower() == "true"
    if kind in ("TIMESTAMP", "DATE"):
        moment = datetime.fromisoformat(shown).replace(tzinfo=None)
        return moment.date() if kind == "DATE" else moment
    exact = exact_number(shown)
    if exact is None:
        # Hashed by the packages' authors: no number any more.
        return None
    return int(exact) if kind == "BIGINT" else float(exact)
