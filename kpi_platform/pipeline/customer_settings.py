"""The settings of a customer as they hold now: what was saved, with the environment's defaults."""

import json
from functools import lru_cache

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.settings_versions import StoredSettings, current_settings
from kpi_platform.dashboard.tables import customers
from kpi_platform.domain.settings import CustomerSettings, parse_settings

_ACTIVE = sa.select(customers.c.id).where(customers.c.removed_at.is_(None)).limit(2)


def effective_settings(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> CustomerSettings:
    """The customer's settings with the environment's defaults. Raises UnknownCustomer, and InvalidSettings
    where the stored document is not valid any more."""
    return settings_of(configuration, connection, customer)[0]


def settings_of(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> tuple[CustomerSettings, int | None]:
    """`effective_settings` and their version (None: nothing was saved, the defaults hold)."""
    stored = current_settings(connection, customer)
    alone = has_single_customer(connection)
    return settings_in(configuration, stored, single_customer=alone), stored.version if stored else None


def settings_in(
    configuration: Configuration, stored: StoredSettings | None, *, single_customer: bool
) -> CustomerSettings:
    """The settings that a stored version makes with the environment's defaults."""
    document = json.dumps(stored.document if stored else {})
    return _parsed(document, frozenset(configuration.environment.items()), single_customer)


@lru_cache(maxsize=1024)
def _parsed(
    document: str, environment: frozenset[tuple[str, str]], single_customer: bool
) -> CustomerSettings:
    """Every step of a run wants the settings of each of its customers, and parsing takes a millisecond."""
    return parse_settings(
        json.loads(document), environment=dict(environment), single_customer=single_customer
    )


def has_single_customer(connection: sa.Connection) -> bool:
    """Whether the environment may name connections and raw schemas: with one active customer only."""
    return len(connection.execute(_ACTIVE).all()) == 1
