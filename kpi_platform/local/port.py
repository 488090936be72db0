"""The port of a home's local Fivetran: its own, never another home's."""

import socket

import httpx

from kpi_platform.configuration import LOCAL_FIVETRAN_PORT_FILE, Configuration
from kpi_platform.domain.errors import Conflict
from kpi_platform.installation import known_id

_PORTS = 200


def serves(configuration: Configuration) -> bool:
    """Whether the local Fivetran of this very home answers on its port."""
    url = f"http://127.0.0.1:{configuration.local_fivetran_port}/_local/identity"
    try:
        found = httpx.get(url, timeout=5).json()["data"]["installation"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False
    return bool(found) and found == known_id(configuration.home)


def with_free_port(configuration: Configuration) -> Configuration:
    """Returns the configuration with a port that nobody listens on: the usual one, or else the next one that
    is free, which the home remembers. Raises Conflict if KPI_LOCAL_FIVETRAN_PORT names one that is in use."""
    port = configuration.local_fivetran_port
    if _is_free(port):
        return configuration
    if configuration.get("KPI_LOCAL_FIVETRAN_PORT"):
        raise Conflict(
            f"Port {port}, which KPI_LOCAL_FIVETRAN_PORT names, is in use by another program.",
            next_step="Name another port, or leave the variable out: a free one is then chosen.",
        )
    for candidate in range(port + 1, port + _PORTS):
        if _is_free(candidate):
            configuration.home.mkdir(parents=True, exist_ok=True)
            (configuration.home / LOCAL_FIVETRAN_PORT_FILE).write_text(f"{candidate}\n")
            return Configuration.from_environment(configuration.environment)
    raise Conflict(
        f"The ports from {port} to {port + _PORTS - 1} are in use.",
        next_step="Name one for the local Fivetran: KPI_LOCAL_FIVETRAN_PORT.",
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except (OSError, OverflowError):
            return False
    return True
