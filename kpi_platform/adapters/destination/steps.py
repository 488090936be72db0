"""The steps of a connection test: each is timed, and the first that fails is the last."""

import time
from collections.abc import Callable, Iterator, Sequence

from kpi_platform.adapters.destination.protocol import Catalogue, ConnectionStep, StepName
from kpi_platform.adapters.door import Door, reach
from kpi_platform.domain.errors import KpiPlatformError, NotFound

Step = tuple[StepName, Callable[[], object]]


def run_steps(steps: Sequence[Step]) -> Iterator[ConnectionStep]:
    """Runs the steps in order and gives each as it ends."""
    for name, action in steps:
        started = time.monotonic()
        try:
            action()
        except KpiPlatformError as error:
            yield ConnectionStep(name, ok=False, seconds=time.monotonic() - started, error=str(error))
            return
        yield ConnectionStep(name, ok=True, seconds=time.monotonic() - started)


def network_steps(door: Door, host: str, port: int) -> list[Step]:
    """Returns the first two steps of a server's test."""
    addresses: list[str] = []

    def find() -> None:
        addresses.append(door.address(host, port))

    return [("resolve", find), ("connect", lambda: reach(addresses[0], port))]


def require_schemas(catalogue: Catalogue, schemas: Sequence[str]) -> None:
    """Raises NotFound if one of `schemas` is not in the catalogue."""
    there = {schema.lower() for schema in catalogue}
    missing = [schema for schema in schemas if schema.lower() not in there]
    if missing:
        raise NotFound(
            f"The destination has no schema {', '.join(missing)}, or nothing in it may be read.",
            next_step="Run the first sync of its connection, or correct the schema in the settings.",
        )
