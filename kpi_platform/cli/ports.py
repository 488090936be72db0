"""The ports and addresses of this machine that the platform's servers listen on."""

import http.client
import ipaddress
import socket
from pathlib import Path
from typing import Any

import typer

from kpi_platform.domain.errors import Conflict, InvalidInput

WEB_PORT = 8080
DAGSTER_PORT = 3000
_SEARCHED = 100
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what people may listen on, if they say so


def port_option(help_: str) -> Any:
    """Returns an option that takes a port's number."""
    return typer.Option(min=1, max=65535, metavar="PORT", help=help_)


HOST_OPTION: Any = typer.Option(
    metavar="ADDRESS",
    help="Address of this machine to listen on: 127.0.0.1 for this machine alone, 0.0.0.0 for all networks.",
)


def is_listening(port: int) -> bool:
    """Whether a program listens on `port` of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listens(path: Path) -> bool:
    """Whether a program listens on the Unix socket at `path`."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


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


def require_own_address(host: str) -> None:
    """Raises InvalidInput unless a server of this machine can listen on `host`."""
    try:
        (family, kind, *_, address), *_ = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
        with socket.socket(family, kind) as probe:
            probe.bind(address)
    except (OSError, UnicodeError) as cause:
        raise InvalidInput(
            f"This machine has no address '{host}' to listen on.",
            next_step="Give --host 127.0.0.1 for this machine alone, or 0.0.0.0 for all networks.",
        ) from cause


def reachable(host: str, port: int) -> str:
    """Returns the address at which this machine reaches a server that listens on `host` and `port`."""
    return f"http://{_in_url(_dialled(host))}:{port}"


def answers_http(port: int, path: str, host: str = "127.0.0.1") -> bool:
    """Whether a server that listens on `host` answers a request for `path` within a second."""
    connection = http.client.HTTPConnection(_dialled(host), port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _dialled(host: str) -> str:
    return "127.0.0.1" if host in _ANYWHERE else host


def _in_url(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
