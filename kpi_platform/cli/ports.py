"""The ports of this machine that the platform's servers listen on."""

import socket

from kpi_platform.domain.errors import Conflict

WEB_PORT = 8080
DAGSTER_PORT = 3000
_SEARCHED = 100


def is_listening(port: int) -> bool:
    """Whether a program listens on `port` of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_free_port(name: str, port: int, option: str | None = None) -> None:
    """Raises Conflict, naming the server that wants it, if something listens on `port` already. It
    suggests the `option` of `up` with a port that is free."""
    if not is_listening(port):
        return
    next_step = "End that program."
    if option is not None:
        free = next((one for one in range(port + 1, port + _SEARCHED) if not is_listening(one)), port + 1)
        next_step = f"End that program, or choose another port: kpi-platform up {option} {free}"
    raise Conflict(f"Port {port}, the {name}'s, is in use by another program.", next_step=next_step)
