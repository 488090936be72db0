"""A customer's rows in the marts, and in the scratch schema beside them: counted and erased."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration


def scratch_of(destination: Destination) -> Destination:
    """Returns the destination with the schema in which previews are computed in place of that of the
    marts."""
    return replace(destination, mart_schema=f"{destination.mart_schema}_preview")  # type: ignore[type-var]


def scratch_keys(customer: str) -> tuple[str, str]:
    """Returns the keys of a customer in the scratch schema: with the settings so far, and with the changed
    ones."""
    return f"{customer}__before", f"{customer}__after"


def left_instants(configuration: Configuration, customer: str) -> tuple[str, ...]:
    """Returns the keys of a customer's instants in the scratch schema, those that a killed back-test left."""
    file = _instants_file(configuration, customer)
    return tuple(file.read_text(encoding="utf-8").split()) if file.exists() else ()


def note_instants(configuration: Configuration, customer: str, keys: Sequence[str]) -> None:
    """Notes the keys that may have rows now; none if all are erased."""
    file = _instants_file(configuration, customer)
    if not keys:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(keys), encoding="utf-8")


def _instants_file(configuration: Configuration, customer: str) -> Path:
    return configuration.home / "instants" / f"{customer}.txt"


def customer_rows(destination: Destination, customers: Sequence[str]) -> dict[str, int]:
    """Returns how many rows the customers have in each table of the marts' schema that has customers."""
    catalogue = destination.columns([destination.mart_schema])
    names = sorted(
        table
        for tables in catalogue.values()
        for table, columns in tables.items()
        if "customer_id" in {column.lower() for column in columns}
    )
    found = destination.mart_rows(names, customers)
    return {name: sum(rows.get(name, 0) for rows in found.values()) for name in names}


def erase_customer_rows(
    configuration: Configuration,
    destination: Destination,
    customers: Sequence[str],
    *,
    raw_schemas: Sequence[str] = (),
) -> dict[str, int]:
    """Deletes the rows that `customer_rows` counts, which it returns, and drops `raw_schemas`.

    Raises DestinationUnavailable or BuildFailed if the destination cannot be reached or refuses."""
    before = customer_rows(destination, customers)
    tables = [name for name, count in before.items() if count]
    if tables or raw_schemas:
        DbtProject(configuration, destination).operate(
            "erase_customers",
            {"customers": list(customers), "tables": tables, "raw_schemas": list(raw_schemas)},
        )
    return before
