"""How a destination reads what landed: values that part the casts of one warehouse from those of another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.local.landing import LandingTable
from kpi_platform_tests.contract.landing import ARROW_TYPES
from kpi_platform_tests.dbt_project.readings import KINDS, TEXTS, TYPED
from kpi_platform_tests.destinations.installation import Installation
from kpi_platform_tests.destinations.landers import open_lander

SCHEMA = "landed_values"
EXAMPLE = "example"
"""What a check shows of a value that cannot be read, beside the kinds that a value is read as."""

_JSON = (
    *('"2026-01-31"', '" 4 "', "4", "4.5", "true", '"yes"', "null", '""', '{"a": 4}', "[4]", "[]"),
    *('"1 - High"', '"$1,200.00"', '"31/01/2026"', '"2026-01-31T10:30:59+02:30"'),
)
_MARK = "-- next"

Reading = tuple[object, bool]
"""What was read (times naive and in UTC, numbers as floats), and whether the value is unreadable."""


@dataclass(frozen=True)
class _Column:
    """A landed column `landed` of a table of SCHEMA: its values in the order of their `id`, the kinds that
    they are read as, and the formats that those have. As `json` it is text that the statement makes JSON."""

    table: str
    landed_type: str
    values: Sequence[object]
    kinds: Sequence[str]
    formats: Mapping[str, str] = field(default_factory=dict)
    json: bool = False


def readings_in(installation: Installation) -> dict[tuple[str, str, str], Reading]:
    """Lands the values and reads them as staging models do: (table, value, kind) → reading."""
    columns = [one for one in _columns() if installation.place.json or not one.json]
    lander = open_lander(installation.configuration, installation.place.service, installation.place.landing)
    lander.land(SCHEMA, [LandingTable(one.table, _rows(one)) for one in columns])
    types = _landed_types(installation)
    statements = [_statement(installation, one, types[one.table]) for one in columns]
    project = DbtProject(installation.configuration, installation.destination)
    compiled = project.compile(f"\n{_MARK}\n".join(statements), {}).split(_MARK)
    found: dict[tuple[str, str, str], Reading] = {}
    for column, statement in zip(columns, compiled, strict=True):
        for batch in installation.destination.query(statement):
            for place, *cells in (row.values() for row in batch.to_pylist()):
                for kind, value, unreadable in zip(column.kinds, cells[::2], cells[1::2], strict=True):
                    found[column.table, repr(column.values[int(place)]), kind] = (
                        _plain(value),
                        bool(unreadable),
                    )
    return found


def _columns() -> Iterator[_Column]:
    all_kinds = [*KINDS, "duration", "seconds", "string", "choice", "state", EXAMPLE]
    yield _Column("texts", "varchar", TEXTS, all_kinds)
    yield _Column("documents", "varchar", _JSON, all_kinds, json=True)
    day_first, month_first = {"date_order": "dmy", "decimal": "comma"}, {"date_order": "mdy"}
    yield _Column("texts_day_first", "varchar", TEXTS, ["float", "exact", "timestamp"], day_first)
    yield _Column("texts_month_first", "varchar", TEXTS, ["timestamp"], month_first)
    for name, values in TYPED.items():
        # What a warehouse writes of a number or a time is its own.
        is_time = name.startswith(("date", "time"))
        table = f"{name.partition('(')[0].replace(' ', '_')}s"
        yield _Column(table, name, values, [*KINDS, "duration" if is_time else "seconds"])


def _rows(column: _Column) -> pa.Table:
    values = pa.array(column.values, ARROW_TYPES[column.landed_type.upper()])
    return pa.table({"id": pa.array(range(len(values)), pa.int64()), "landed": values})


def _landed_types(installation: Installation) -> dict[str, str]:
    (tables,) = installation.destination.columns([SCHEMA]).values()
    return {
        table.lower(): kind
        for table, columns in tables.items()
        for name, kind in columns.items()
        if name.lower() == "landed"
    }


def _statement(installation: Installation, column: _Column, landed_type: str) -> str:
    landed = "landed"
    if column.json and installation.place.json:
        landed_type, made = installation.place.json
        landed = f"{made.format('landed')} as landed"
    cells = "".join(
        f"{{% set reading = {_call(kind, landed_type, column.formats)} %}}"
        f", {{{{ reading.value }}}} as value_{place}"
        f", {{{{ reading.unreadable or 'false' }}}} as unreadable_{place}\n"
        for place, kind in enumerate(column.kinds)
    )
    return f"select id{cells} from (select id, {landed} from {SCHEMA}.{column.table}) as landed_rows"


def _call(kind: str, landed_type: str, formats: Mapping[str, str]) -> str:
    if kind == EXAMPLE:
        # With or without blanks between the parts of an object.
        return f"{{'value': \"replace(\" ~ value_as_text('landed', '{landed_type}') ~ \", ' ', '')\"}}"
    return f"landed_reading('landed', '{landed_type}', '{kind}', {dict(formats)})"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if value is None or isinstance(value, str | bool | date):
        return value
    return float(value)  # type: ignore[arg-type]
