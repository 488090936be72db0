"""The settings of a customer as they hold now: what was saved, with the environment's defaults."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from pydantic import ValidationError

from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.allowed_secrets import AllowedSecret, listed_secrets, longer_keys
from kpi_platform.dashboard.customers import StoredCustomer, find_each
from kpi_platform.dashboard.settings_versions import StoredSettings, current_settings_of, settings_version
from kpi_platform.dashboard.tables import customers
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.settings import CustomerSettings, HealthScore, HealthWeights, parse_settings

_ACTIVE = sa.select(customers.c.id).where(customers.c.removed_at.is_(None)).limit(2)


def effective_settings(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> CustomerSettings:
    """Returns the customer's settings with the environment's defaults. Raises UnknownCustomer, and
    InvalidSettings if the stored document is not valid any more."""
    return settings_of_each(configuration, connection, [customer])[customer].settings


def health_weights_at(connection: sa.Connection, customer: str, version: int | None) -> HealthWeights | None:
    """Returns the weights that a version of the settings states (None: nothing was saved, the defaults
    held). None if it is not there, or the section is not valid any more: today's rules may be stricter."""
    try:
        document = {} if version is None else settings_version(connection, customer, version).document
        return HealthScore.model_validate(document.get("health_score", {})).weights
    except (NotFound, ValidationError):
        return None


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """A customer's settings with the environment's defaults. Version None: nothing was saved."""

    customer: StoredCustomer
    settings: CustomerSettings
    version: int | None


def settings_of_each(
    configuration: Configuration, connection: sa.Connection, customers: Sequence[str]
) -> dict[str, EffectiveSettings]:
    """Does what `effective_settings` does for each customer, in their order. The queries do not grow with
    them."""
    found = find_each(connection, customers)
    stored = current_settings_of(connection, [one.id for one in found.values()])
    read = settings_reader(configuration, single_customer=has_single_customer(connection))
    return {
        key: EffectiveSettings(
            one,
            read(stored.get(one.id)),
            stored[one.id].version if one.id in stored else None,
        )
        for key, one in found.items()
    }


def secrets_of_each(
    configuration: Configuration, connection: sa.Connection, customers: Sequence[str]
) -> dict[str, CustomerSecrets]:
    """Returns what each of `customers`, also removed ones, may name as secrets. The queries do not grow with
    them."""
    keys = list(dict.fromkeys(customers))
    longer = longer_keys(connection, keys)
    listed: dict[str, list[AllowedSecret]] = defaultdict(list)
    for one in listed_secrets(connection, keys):
        listed[one.customer].append(one)
    return {
        key: CustomerSecrets(
            configuration,
            key,
            longer[key],
            allowed=frozenset(one.name for one in listed[key]),
            as_before=frozenset(one.name for one in listed[key] if one.as_before),
        )
        for key in keys
    }


def customer_secrets(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> CustomerSecrets:
    """Does what `secrets_of_each` does for one customer."""
    return secrets_of_each(configuration, connection, [customer])[customer]


def settings_reader(
    configuration: Configuration, *, single_customer: bool
) -> Callable[[StoredSettings | None], CustomerSettings]:
    """Returns what makes settings of a stored version (None: nothing was saved) with the environment's
    defaults. It raises InvalidSettings."""
    environment = frozenset(configuration.environment.items())

    def read(stored: StoredSettings | None) -> CustomerSettings:
        return _parsed(json.dumps(stored.document if stored else {}), environment, single_customer)

    return read


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
