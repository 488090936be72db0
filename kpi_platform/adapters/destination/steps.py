"""The steps of a connection test: each is timed, and the first that fails is the last."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence

from kpi_platform.adapters.destination.protocol import Catalogue, ConnectionStep, StepName
from kpi_platform.domain.errors import InvalidInput, KpiPlatformError, NotFound, Unavailable

Step = tuple[StepName, Callable[[], object]]

CONNECT_SECONDS = 10


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


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as cause:
        raise Unavailable(
            f"The host name {host} cannot be resolved.", next_step="Check the spelling of warehouse.host."
        ) from cause
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def reach(host: str, port: int) -> None:
    """Opens and closes a TCP connection."""
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError as cause:
        raise Unavailable(
            f"Nothing answers at {host}, port {port}.",
            next_step="Check host and port, and that a firewall lets this machine through.",
        ) from cause


def network_steps(
    host: str, port: int, permitted: Callable[[str], bool] | None, addresses: list[str]
) -> list[Step]:
    """The first two steps of a server's test. `addresses` takes in what the name resolves to."""

    def find() -> None:
        addresses.extend(resolve(host, port))
        require_address(addresses[0], permitted)

    return [("resolve", find), ("connect", lambda: reach(addresses[0], port))]


def require_schemas(catalogue: Catalogue, schemas: Sequence[str]) -> None:
    """NotFound where one of `schemas` is not in the catalogue."""
    there = {schema.lower() for schema in catalogue}
    missing = [schema for schema in schemas if schema.lower() not in there]
    if missing:
        raise NotFound(
            f"The destination has no schema {', '.join(missing)}, or nothing in it may be read.",
            next_step="Run the first sync of its connection, or correct the schema in the settings.",
        )


def require_address(address: str, permitted: Callable[[str], bool] | None) -> None:
    """InvalidInput where the operator does not permit this address."""
    if permitted is not None and not permitted(address):
        raise InvalidInput(
            f"The address {address} is not one that may be reached from here.",
            next_step="Ask the operator to add the host to KPI_ALLOWED_HOSTS.",
        )
