"""Addresses that the door has answered, for drivers that take a name and would resolve it again.

They keep the name for the certificate, and connect to the address. A name without an address is one that
nobody has asked the door for: it is refused.
"""

import importlib
from types import ModuleType
from typing import Any

from kpi_platform.adapters.door import HostNotAllowed

_addresses: dict[str, str] = {}


def pin(host: str, address: str) -> None:
    """From now on the drivers of this process connect to `address` for `host`."""
    _addresses[host] = address


def guard_redshift() -> None:
    """Holds for all connections of redshift_connector in this process, dbt's among them."""
    connection: Any = importlib.import_module("redshift_connector.core").Connection
    connection._Connection__get_host_address_info = staticmethod(_address_and_port)


def guard_dbt_postgres() -> None:
    """Holds for all connections of dbt-postgres in this process; others that use psycopg2 do not notice."""
    connections: Any = importlib.import_module("dbt.adapters.postgres.connections")
    if not isinstance(connections.psycopg2, _PinnedPsycopg2):
        connections.psycopg2 = _PinnedPsycopg2(connections.psycopg2)


class _PinnedPsycopg2:
    """psycopg2, but for where it connects to."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def connect(self, *, host: str, **options: Any) -> Any:
        pinned = {} if host.startswith("/") else {"hostaddr": _address_of(host)}
        return self._module.connect(host=host, **options, **pinned)


def _address_and_port(host: str, port: int) -> tuple[str, int]:
    return _address_of(host), port


def _address_of(host: str) -> str:
    try:
        return _addresses[host]
    except KeyError:
        raise HostNotAllowed(f"Nobody has asked whether {host} may be reached.") from None


GUARDS = {"postgres": guard_dbt_postgres, "redshift": guard_redshift}
"""By kind of dbt's target; the others' names are checked alone."""
