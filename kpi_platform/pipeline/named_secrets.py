"""Which secrets the settings of customers name, and whether they get them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.allowed_secrets import AllowedSecret, listed_secrets
from kpi_platform.domain.errors import InvalidSettings, KpiPlatformError
from kpi_platform.domain.secret_names import DEFAULT_CREDENTIALS
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.customer_settings import secrets_of_each, settings_of_each

Right = Literal["own", "default", "listed", "by the upgrade", "refused"]


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """A secret of a customer: `settings` are the paths that name it, none for one that is only listed.
    `right` says why it may be used: its form, the default place, the operator's list, or an upgrade's that
    nobody has confirmed. `problem` and `next_step` say why it cannot be used as it is; empty where it can."""

    customer: str
    name: str
    settings: tuple[str, ...]
    right: Right
    problem: str = ""
    next_step: str = ""


def named_secrets(
    configuration: Configuration, connection: sa.Connection, customers: Sequence[str]
) -> list[NamedSecret]:
    """What the settings of `customers` name and what is listed for them, by customer and name. Customers
    whose settings are not valid have only what is listed. The values are looked up, and shown nowhere."""
    secrets = secrets_of_each(configuration, connection, customers)
    listed: dict[str, dict[str, AllowedSecret]] = {key: {} for key in customers}
    for one in listed_secrets(connection, customers):
        listed[one.customer][one.name] = one
    found: list[NamedSecret] = []
    for customer in customers:
        try:
            settings = settings_of_each(configuration, connection, [customer])[customer].settings
        except InvalidSettings:
            settings = CustomerSettings()
        found += _of_customer(secrets[customer], settings, listed[customer])
    return found


def _of_customer(
    secrets: CustomerSecrets, settings: CustomerSettings, listed: dict[str, AllowedSecret]
) -> Iterator[NamedSecret]:
    used: dict[str, list[str]] = {name: [] for name in listed}
    problems: dict[str, KpiPlatformError] = {}
    credentials, address = settings.warehouse.credentials_secret, settings.alerts.webhook_url_secret
    if settings.warehouse.type != "duckdb":
        try:
            signed = secrets.credential(settings.warehouse)
            if signed is not None:
                signed.text()
            elif settings.warehouse.type in ("postgres", "snowflake"):
                secrets.password(settings.warehouse)
            credentials = signed.name if signed else credentials
        except KpiPlatformError as error:
            credentials = credentials or DEFAULT_CREDENTIALS[0]
            problems[credentials] = error
        if credentials is not None:
            used.setdefault(credentials, []).append("warehouse.credentials_secret")
    if address is not None:
        used.setdefault(address, []).append("alerts.webhook_url_secret")
        try:
            secrets.secret(address).text()
        except KpiPlatformError as error:
            problems.setdefault(address, error)
    for name in sorted(used):
        right = _right(secrets, settings, name, listed.get(name))
        problem = problems.get(name)
        yield NamedSecret(
            secrets.customer,
            name,
            tuple(used[name]),
            right,
            problem.message if problem else "",
            problem.next_step if problem else "",
        )


def _right(
    secrets: CustomerSecrets, settings: CustomerSettings, name: str, listed: AllowedSecret | None
) -> Right:
    if listed is not None:
        return "listed" if listed.confirmed else "by the upgrade"
    if name in DEFAULT_CREDENTIALS:
        return "default" if secrets.may_sign_in_as_the_installation(settings.warehouse) else "refused"
    return "own" if secrets.may_name(name) else "refused"
