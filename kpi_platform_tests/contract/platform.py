"""The platform as the contract tests use it: land raw tables, build, read the marts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.build import build_kpis
from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.contract.landing import land
from kpi_platform_tests.pipeline.models import run_models
from kpi_platform_tests.reference.marts import MARTS

_LEFT_OUT = """
select customer_id, reason, case reason when 'type' then nullif(trim(account_type), '') end as account_type,
       count(*) as accounts
from kpi.accounts_left_out group by all
"""

Marts = dict[str, list[dict[str, object]]]


@dataclass(frozen=True)
class Platform:
    """The embedded default in a folder of its own."""

    configuration: Configuration
    engine: sa.Engine

    def adopt(self, customers: Iterable[LandedCustomer]) -> None:
        """Adds new customers with their settings, and lands their sources."""
        customers = list(customers)
        with self.engine.begin() as connection:
            for customer in customers:
                settings = parse_settings(customer.document, environment={}, single_customer=False)
                add_customer(connection, customer.key, customer.key)
                save_settings(connection, customer.key, settings.document(), who="contract tests")
                for source, (succeeded, failed) in customer.syncs.items():
                    record_sync_state(
                        connection, customer.key, source, last_succeeded_at=succeeded, last_failed_at=failed
                    )
        self.land(customers)

    def land(self, customers: Iterable[LandedCustomer]) -> None:
        """Replaces the sources of known customers."""
        with duckdb_file.connect(self.configuration.warehouse_file) as warehouse:
            for customer in customers:
                for source, tables in customer.schemas.items():
                    land(warehouse, customer.schema_name(source), tables)

    def build(self, customers: Sequence[LandedCustomer], as_of: datetime) -> Mapping[str, Marts]:
        """The marts of `customers`, built at `as_of` in one batch and checked by the data tests. None of them
        may fail."""
        keys = [customer.key for customer in customers]
        report = build_kpis(self.configuration, self.engine, keys, as_of)
        assert not report.failed, {key: str(error) for key, error in report.failed.items()}
        return self.marts(keys)

    def compute(self, customers: Sequence[LandedCustomer], as_of: datetime) -> Mapping[str, Marts]:
        """The same without the data tests."""
        keys = [customer.key for customer in customers]
        run_models(self.configuration, self.engine, keys, as_of)
        return self.marts(keys)

    def marts(self, customers: Sequence[str]) -> Mapping[str, Marts]:
        """Every mart's rows by customer."""
        found: dict[str, Marts] = {key: {mart: [] for mart in MARTS} for key in customers}
        with duckdb_file.connect(self.configuration.warehouse_file, read_only=True) as warehouse:
            for mart in MARTS:
                source = f"({_LEFT_OUT})" if mart == "accounts_left_out" else f"kpi.{mart}"
                rows = warehouse.sql(
                    f"select * from {source} where list_contains(?, customer_id)", params=[list(customers)]
                )
                for row in rows.to_arrow_table().to_pylist():
                    found[row["customer_id"]][mart].append(row)
        return found
