"""Makes dbt-postgres connect to the address that was checked, whatever its name resolves to now.

A patch for safety, so it holds with every version: dbt-postgres has no setting for it.
"""

import importlib
from types import ModuleType
from typing import Any

from kpi_platform.adapters.destination.pins import address_of


def apply() -> None:
    """Holds for all connections of dbt-postgres in this process; other users of psycopg2 do not notice."""
    connections: Any = importlib.import_module("dbt.adapters.postgres.connections")
    if not isinstance(connections.psycopg2, _PinnedPsycopg2):
        connections.psycopg2 = _PinnedPsycopg2(connections.psycopg2)


class _PinnedPsycopg2:
    """psycopg2 with a `connect` that resolves no names."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def connect(self, *, host: str, **options: Any) -> Any:
        pinned = {} if host.startswith("/") else {"hostaddr": address_of(host)}
        return self._module.connect(host=host, **options, **pinned)
