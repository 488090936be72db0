"""The secrets that the settings of customers name, and whether they get them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.allowed_secrets import AllowedSecret, listed_secrets
from kpi_platform.domain.destination_kinds import DEFAULT_CREDENTIALS, DESTINATION_KINDS
from kpi_platform.domain.errors import InvalidSettings, KpiPlatformError
from kpi_platform.domain.secret_names import prefix_of
from kpi_platform.domain.settings import CustomerSettings, settings_leaves, value_at
from kpi_platform.domain.settings.parsing import invalid_settings
from kpi_platform.pipeline.customer_settings import secrets_of_each, settings_of_each

_CREDENTIALS = "warehouse.credentials_secret"

Right = Literal["own", "default", "listed", "by the upgrade", "refused"]


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """A secret of a customer: `settings` are the paths that name it, none for one that is only listed.
    `right` says why it may be used: its form, the default place, the operator's list, or an upgrade's that
    nobody has confirmed. `problem` and `next_step` say why it cannot be used as it is; empty if it can."""

    customer: str
    name: str
    settings: tuple[str, ...]
    right: Right
    problem: str = ""
    next_step: str = ""


def named_secrets(
    configuration: Configuration, connection: sa.Connection, customers: Sequence[str]
) -> list[NamedSecret]:
    """Returns the secrets that the settings of `customers` name or that are listed for them, by customer and
    name. Customers whose settings are not valid have only what is listed. The values are looked up, and shown
    nowhere."""
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


def require_nameable(
    secrets: CustomerSecrets, before: Mapping[str, Any], stated: Mapping[str, Any], after: CustomerSettings
) -> None:
    """InvalidSettings if a change names a secret that is not the customer's. What was stored `before`
    stays: settings of an earlier time go on loading, and the name goes on resolving to nothing."""
    errors = []
    for path in secret_paths():
        name = value_at(stated, path)
        if not name or not _is_new(path, name, before, after) or _may_name(secrets, path, name, after):
            continue
        # The name may be a secret that somebody took for one: it is not repeated.
        message = (
            f"names no secret of customer {secrets.customer}. Name one that begins with "
            f"{prefix_of(secrets.customer)}, or let the operator list it: "
            f"kpi-platform secret allow {secrets.customer} NAME"
        )
        errors.append({"field": path, "message": message})
    if errors:
        raise invalid_settings(errors)


def secret_paths() -> tuple[str, ...]:
    """Returns the settings that hold names of secrets."""
    return tuple(leaf.path for leaf in settings_leaves() if leaf.path.endswith("_secret"))


def _is_new(path: str, name: str, before: Mapping[str, Any], after: CustomerSettings) -> bool:
    """Whether this name was not there before; or it is the installation's own, for another warehouse now."""
    if name != value_at(before, path):
        return True
    return name in DEFAULT_CREDENTIALS and before.get("warehouse") != after.document()["warehouse"]


def _may_name(secrets: CustomerSecrets, path: str, name: str, settings: CustomerSettings) -> bool:
    if path == _CREDENTIALS and name in DEFAULT_CREDENTIALS:
        return secrets.may_sign_in_as_the_installation(settings.warehouse)
    return secrets.may_name(name)


def _of_customer(
    secrets: CustomerSecrets, settings: CustomerSettings, listed: dict[str, AllowedSecret]
) -> Iterator[NamedSecret]:
    used: dict[str, list[str]] = {name: [] for name in listed}
    problems: dict[str, KpiPlatformError] = {}
    credentials = settings.warehouse.credentials_secret
    kind = DESTINATION_KINDS[settings.warehouse.type]
    if kind.credentials:
        try:
            signed = secrets.credential(settings.warehouse)
            if signed is not None:
                signed.text()
            elif kind.needs_credential:
                secrets.password(settings.warehouse)
            credentials = signed.name if signed else credentials
        except KpiPlatformError as error:
            credentials = credentials or DEFAULT_CREDENTIALS[0]
            problems[credentials] = error
        if credentials is not None:
            used.setdefault(credentials, []).append(_CREDENTIALS)
    for setting, address in settings.alerts.addresses.items():
        used.setdefault(address, []).append(f"alerts.{setting}")
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
