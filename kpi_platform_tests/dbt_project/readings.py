"""Values of every landed type, and how a staging model reads them: `landed_reading`, run on DuckDB."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb

from kpi_platform.adapters.dbt import DbtProject

TEXTS = (
    *(
        "",
        " ",
        "\t\n",
        "n/a",
        "-",
        "0",
        "1",
        " 1 ",
        "+1",
        "-0.5",
        "1.50",
        ".5",
        "5.",
        "1,5",
        "1.200,50",
        "1_000",
    ),
    *(
        "1e3",
        "1E-2",
        "1e400",
        "999999999999999",
        "1000000000000000",
        "nan",
        "inf",
        "0x10",
        "$1,200.00",
        "5%",
        "5 4",
    ),
    *("true", "T", "YES", "n", "False", "on", "1.0", "2", "1 - Critical", " 3 ", "Planning", "-1"),
    *("2026-01-31", "2026-01-31 10:30", "2026-01-31T10:30:59.1234567Z", "2026-01-31 10:30:59+02:30"),
    *(
        "2026-01-31 10:30-07",
        "2026-02-30",
        "2026-1-31",
        "2026-01-31 24:00",
        "2026-01-31 10:30:60",
        "2026-01-31 ",
    ),
    *(
        "2026-01-31  10:30",
        "2026-01-31T10:30:59+0000",
        "20260131",
        "31/01/2026",
        "01/31/2026",
        "3.4.2026 9:05",
    ),
    *(
        "3-4-2026 12:05 AM",
        "3/4/2026 12:05:07PM",
        "3/4.2026",
        "31/02/2026",
        "3/4/26",
        "3/4/2026 13:05 PM",
        "soon",
    ),
    *(
        "1989-12-31 23:59:59.999999",
        "1990-01-01",
        "2200-12-31 23:59:59",
        "2201-01-01",
        "9999-12-31",
        "today",
        "infinity",
    ),
)
TYPED: Mapping[str, Sequence[object]] = {
    "boolean": (True, False),
    "integer": (0, 1, 2, -1),
    "bigint": (10**15 - 1, 10**15, -(10**15), -(2**63)),
    "double": (0.0, 1.0, 2.5, math.nan, math.inf, -math.inf, 1e15, -999999999999999.0),
    "decimal(18,4)": (Decimal("1.0000"), Decimal("2.5000")),
    "date": (date(1989, 12, 31), date(1990, 1, 1), date(2200, 12, 31), date(2201, 1, 1)),
    "timestamp": (datetime(1989, 12, 31, 23, 59, 59, 999999), datetime(1990, 1, 1), datetime(2201, 1, 1)),
    "timestamp with time zone": (datetime(2026, 1, 31, 13, tzinfo=UTC), datetime(2201, 1, 1, tzinfo=UTC)),
}
KINDS = ("float", "exact", "boolean", "code", "timestamp", "date")
_MARK = "-- next"


@dataclass(frozen=True)
class Reading:
    """How `value`, landed as `landed_type`, is read as `kind`. Times are integer microseconds since 1970."""

    landed_type: str
    value: object
    kind: str
    found: object
    unreadable: bool


def readings(
    project: DbtProject, landed: Mapping[str, Sequence[object]], formats: Mapping[str, str]
) -> Iterator[Reading]:
    """All values as all kinds."""
    asked = [(landed_type, kind) for landed_type in landed for kind in KINDS]
    statement = f"\n{_MARK}\n".join(_statement(landed_type, kind, formats) for landed_type, kind in asked)
    with duckdb.connect() as connection:
        for landed_type, values in landed.items():
            connection.execute(f'create table "{landed_type}" (place integer, landed {landed_type})')
            connection.executemany(f'insert into "{landed_type}" values (?, ?)', list(enumerate(values)))
        for (landed_type, kind), sql in zip(asked, project.compile(statement, {}).split(_MARK), strict=True):
            rows = connection.execute(sql).fetchall()
            for value, (found, unreadable) in zip(landed[landed_type], rows, strict=True):
                yield Reading(landed_type, value, kind, found, bool(unreadable))


def _statement(landed_type: str, kind: str, formats: Mapping[str, str]) -> str:
    value = "epoch_us({{ reading.value }})" if kind in ("timestamp", "date") else "{{ reading.value }}"
    return (
        f"{{% set reading = landed_reading('landed', '{landed_type}', '{kind}', {dict(formats)}) %}}"
        f"select {value}, {{{{ reading.unreadable or 'false' }}}} "
        f'from "{landed_type}" order by place'
    )
