"""A made-up kind of destination, Cockroach, added to a copy of the package as docs/destinations.md says."""

from pathlib import Path

from kpi_platform_tests.recipes.tree import edited

_KIND = """            DestinationKind("duckdb", "file"),
            DestinationKind("cockroach", "server", (PASSWORD,), needs_credential=True, port=26257),
"""

_CLIENT = '''"""Cockroach as a destination: it speaks PostgreSQL's protocol."""

from dataclasses import dataclass

from kpi_platform.adapters.destination.postgres import PostgresDestination


@dataclass(frozen=True, slots=True)
class CockroachDestination(PostgresDestination):
    """A cluster of it."""

    @property
    def name(self) -> str:
        return f"cockroach {self.username}@{self.host}/{self.database}"
'''

_OPENER = """def _cockroach(
    configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
) -> Destination:
    del configuration
    from kpi_platform.adapters.destination.cockroach import CockroachDestination

    return CockroachDestination.from_settings(warehouse, secrets)


_TYPES"""


def with_cockroach(copy: Path) -> None:
    """Adds the kind: its entry in the catalogue, its client, and how that is opened."""
    package = copy / "kpi_platform"
    edited(
        package / "domain" / "destination_kinds.py",
        ('Literal["duckdb", ', 'Literal["duckdb", "cockroach", '),
        ('            DestinationKind("duckdb", "file"),\n', _KIND),
    )
    folder = package / "adapters" / "destination"
    (folder / "cockroach.py").write_text(_CLIENT)
    edited(
        folder / "open.py",
        ("_TYPES", _OPENER),
        ('    "duckdb": _duckdb,\n', '    "duckdb": _duckdb,\n    "cockroach": _cockroach,\n'),
    )
