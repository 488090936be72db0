"""Makes drivers that take a name, and would resolve it again, connect to the address that the door has
checked.

They keep the name for the certificate, and connect to the address. A name without an address is one that
nobody has asked the door for: it is refused.
"""

import functools
import importlib
from typing import Any

from kpi_platform.adapters.door import HostNotAllowed

_addresses: dict[str, str] = {}


def pin(host: str, address: str) -> None:
    """Makes the drivers of this process connect to `address` for `host` from now on."""
    _addresses[host] = address


def guard_redshift() -> None:
    """Changes all connections of redshift_connector in this process, dbt's among them.

    They go to addresses that were checked, and their timeout is that of the sign-in: the driver would hold
    all statements to it."""
    connection: Any = importlib.import_module("redshift_connector.core").Connection
    connection._Connection__get_host_address_info = staticmethod(_address_and_port)
    signs_in = connection.__init__
    if not hasattr(signs_in, "__wrapped__"):

        @functools.wraps(signs_in)
        def signs_in_in_time(self: Any, *arguments: Any, **named: Any) -> None:
            signs_in(self, *arguments, **named)
            self._usock.settimeout(None)

        connection.__init__ = signs_in_in_time


def _address_and_port(host: str, port: int) -> tuple[str, int]:
    return address_of(host), port


def address_of(host: str) -> str:
    """Returns the address that was checked for `host`. Raises HostNotAllowed if nobody has checked it."""
    try:
        return _addresses[host]
    except KeyError:
        raise HostNotAllowed(f"Nobody has asked whether {host} may be reached.") from None
