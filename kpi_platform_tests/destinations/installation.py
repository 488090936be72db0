"""An installation whose customers live in one destination, as the conformance suite uses it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.pipeline.build import BuildReport, build_kpis
from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.destinations.customers import landed_tables
from kpi_platform_tests.destinations.landers import open_lander
from kpi_platform_tests.destinations.started import StartedDestination
from kpi_platform_tests.pipeline.models import run_models

Marts = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Installation:
    configuration: Configuration
    engine: sa.Engine
    place: StartedDestination

    @classmethod
    @contextmanager
    def open(cls, home: Path, place: StartedDestination) -> Iterator["Installation"]:
        environment = {"KPI_PLATFORM_HOME": str(home), "KPI_ALLOWED_HOSTS": "127.0.0.1"}
        default = {f"WAREHOUSE_{name.upper()}": str(value) for name, value in place.warehouse.items()}
        configuration = Configuration.from_environment(environment | default | dict(place.environment))
        engine = open_engine(configuration.dashboard_database_url)
        upgrade(engine)
        yield cls(configuration, engine, place)
        engine.dispose()

    @property
    def secrets(self) -> CustomerSecrets:
        return CustomerSecrets(self.configuration, "acme")

    @property
    def destination(self) -> Destination:
        return open_destination(self.configuration, self.settings().warehouse, self.secrets)

    def settings(self, document: Mapping[str, Any] | None = None) -> CustomerSettings:
        """`document` with the destination of this installation."""
        return parse_settings({**(document or {}), "warehouse": dict(self.place.warehouse)})

    def adopt(self, customers: Iterable[LandedCustomer]) -> None:
        """Adds new customers with their settings, and lands their sources."""
        customers = list(customers)
        with self.engine.begin() as connection:
            for one in customers:
                add_customer(connection, one.key, one.key)
                save_settings(connection, one.key, self.settings(one.document).document(), who="test")
        self.land(customers)

    def land(self, customers: Iterable[LandedCustomer]) -> None:
        lander = open_lander(self.configuration, self.place.service, self.place.landing)
        for one in customers:
            for source, tables in one.schemas.items():
                lander.land(one.schema_name(source), landed_tables(tables))

    def build(self, customers: Sequence[str], as_of: datetime) -> BuildReport:
        """Computes `customers`; none of them may fail."""
        report = build_kpis(self.configuration, self.engine, customers, as_of, run_id="run-1")
        assert not report.failed, {key: str(error) for key, error in report.failed.items()}
        return report

    def compute(self, customers: Sequence[str], as_of: datetime) -> list[str]:
        """Computes `customers` without the data tests: the names of the marts."""
        return run_models(self.configuration, self.engine, customers, as_of)

    def marts(self, customer: str, names: Iterable[str]) -> Marts:
        """The marts of one customer, rows and columns sorted, so that equal marts are equal frames."""
        destination = self.destination
        return {name: _frame(list(destination.read_mart(name, customer))) for name in names}


def _frame(batches: list[pa.RecordBatch]) -> pd.DataFrame:
    if not batches:
        return pd.DataFrame()
    table = pa.Table.from_batches(batches).select(sorted(batches[0].schema.names))
    frame = pd.DataFrame(
        {name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names}
    )
    floating = {field.name for field in table.schema if pa.types.is_floating(field.type)}
    floating |= {field.name for field in table.schema if pa.types.is_decimal(field.type)}
    for name in floating:
        frame[name] = frame[name].astype(float)
    exact = [name for name in frame if name not in floating]
    return frame.sort_values(exact, key=lambda column: column.map(repr), ignore_index=True)
