"""The ports of this machine that the platform's servers listen on."""

import socket

from kpi_platform.domain.errors import Conflict

WEB_PORT = 8080
DAGSTER_PORT = 3000


def is_listening(port: int) -> bool:
    """Whether a program listens on `port` of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_free_port(name: str, port: int) -> None:
    """Raises Conflict, naming the server that wants it, where something listens on `port` already."""
    if is_listening(port):
        raise port_in_use(name, port)


def port_in_use(name: str, port: int) -> Conflict:
    return Conflict(
        f"Port {port}, the {name}'s, is in use by another program.",
        next_step="End that program, or choose another port (`--help` says how).",
    )
