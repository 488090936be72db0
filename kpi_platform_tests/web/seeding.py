"""A customer with accounts, values, uploads and a review queue, made by the platform's own steps."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.accounts import add_account
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.dashboard.tokens import create_token
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.settings import Scope, parse_settings
from kpi_platform_tests.pipeline.desk import Desk
from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.pipeline.matching import match_accounts

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
_REGIONS = ("France", "Germany", "Norway")
_INDUSTRIES = ("Energy", "Retail", "Steel")
_MISSING = ("no_data", "not_mapped", "not_synced", "out_of_range", "disabled")


@dataclass(frozen=True, slots=True)
class Seed:
    """A customer in the dashboard of `configuration`."""

    configuration: Configuration
    engine: sa.Engine
    customer: str

    @property
    def document(self) -> dict[str, Any]:
        """Its settings: raw schemas of its own, as every customer of an installation needs."""
        return {
            "salesforce": {"schema": f"{self.customer}_crm"},
            "servicenow": {"schema": f"{self.customer}_itsm"},
        }

    def end_sessions(self) -> None:
        """Every session is over, though browsers have their cookies still."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(tables.sessions))

    def token(self, scope: Scope = "write") -> str:
        with self.engine.begin() as connection:
            text, _ = create_token(connection, name="Ada", customer=self.customer, scope=scope, who="test")
        return text


def seed(
    configuration: Configuration, engine: sa.Engine, customer: str, *, accounts: int = 6, uploads: int = 2
) -> Seed:
    """Adds the customer, and loads its accounts `uploads` times, a week apart."""
    desk = Desk(configuration, engine, customer)
    for number in range(uploads):
        rows = [mart_account(index, number) for index in range(accounts)]
        desk.load(AS_OF + timedelta(days=7 * number), rows)
    seeded = Seed(configuration, engine, customer)
    with engine.begin() as connection:
        save_settings(
            connection, customer, seeded.document,
            who="test", effective=parse_settings(seeded.document).document(),
        )  # fmt: skip
    return seeded


def seed_review(one: Seed, accounts: int = 6) -> int:
    """Adds an account that a source account is perhaps, and the source account to the queue. Returns the id
    of the account."""
    with one.engine.begin() as connection:
        account = add_account(connection, one.customer, name="Quarry Holdings Ltd.")
    desk = Desk.__new__(Desk)
    desk.configuration, desk.engine, desk.customer = one.configuration, one.engine, one.customer
    as_of = AS_OF + timedelta(days=60)
    rows = [mart_account(index, 0) for index in range(accounts)]
    desk.marts(as_of, [*rows, MartAccount("001Quarry", "Quarry Holdings", {"nps": 1})])
    match_accounts(one.configuration, one.engine, one.customer, as_of, mode="manual")
    return account.id


def land_schemas(one: Seed) -> None:
    """The customer's raw schemas, so that a connection test finds them."""
    with duckdb_file.connect(one.configuration.warehouse_file) as connection:
        for schema, table in ((f"{one.customer}_crm", "account"), (f"{one.customer}_itsm", "incident")):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            connection.execute(f"CREATE TABLE IF NOT EXISTS {schema}.{table} (id VARCHAR)")


def mart_account(index: int, upload: int) -> MartAccount:
    """The account `index`; its values move a little from upload to upload. One in eight values is missing."""
    chance = random.Random(f"{index}/{upload}")
    values: dict[str, float | str] = {}
    for kpi in KPIS.values():
        low = kpi.minimum if kpi.minimum is not None else 0.0
        high = kpi.maximum if kpi.maximum is not None else 2.2 * max(kpi.thresholds.healthy, 4)
        value: float | str = round(chance.uniform(low, high), 1)
        values[kpi.slug] = chance.choice(_MISSING) if chance.random() < 0.125 else value
    score = round(chance.uniform(20, 95), 1)
    attributes = {
        "industry": _INDUSTRIES[index % 3],
        "region": _REGIONS[index % 2],
        "csm_name": "Rosa Yilmaz" if index % 2 else "Mila Ito",
        "revenue": 10_000.0 * (index + 1),
    }
    health = {} if index == 5 else {"health_score": score, "coverage": 0.9, "nps_contribution": score}
    return MartAccount(f"001{index:05d}", f"{_word(index)} Works {index}", values, attributes, health)


def _word(index: int) -> str:
    return ("Amber", "Birch", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Harbor")[index % 8]
