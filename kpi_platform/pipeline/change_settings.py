"""Changing a customer's settings: checked, applied to Fivetran, and stored, or nothing of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import current_settings, save_settings
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import (
    Change,
    CustomerSettings,
    diff_settings,
    editable_part,
    parse_settings,
)
from kpi_platform.pipeline.applied_change import AppliedChange
from kpi_platform.pipeline.apply_settings import settings_applied
from kpi_platform.pipeline.custom_kpis import require_computable
from kpi_platform.pipeline.customer_settings import customer_secrets, effective_settings


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """What a change did. `version` is the one that holds now; unchanged settings keep theirs."""

    version: int
    settings: CustomerSettings
    changes: tuple[Change, ...]
    applied: tuple[AppliedChange, ...]


def change_settings(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    document: Mapping[str, Any],
    *,
    who: str,
    expected_version: int | None = None,
    note: str = "",
    apply: bool = True,
    dry_run: bool = False,
    add_as: str | None = None,
    resume: Collection[str] = (),
) -> SettingsChange:
    """Replaces the customer's settings by `document`. `add_as` adds the customer under that name first, in
    the same transaction. `resume` names connections that go on where they are paused. `dry_run` checks all
    and changes nothing; without `apply`, Fivetran is not called.

    Raises InvalidSettings, also where a new custom KPI names what did not land (DestinationUnavailable where
    that cannot be asked); Conflict where somebody else was faster than `expected_version`, or a connection
    or raw schema is another customer's; FivetranRefused or FivetranUnavailable. After any of them Fivetran
    and the database are as they were.
    """

    def add(connection: sa.Connection) -> None:
        if add_as is not None:
            add_customer(connection, customer, add_as)
            record_event(connection, who=who, action="customer.add", target=customer, customer=customer)

    def save(connection: sa.Connection, expected: int) -> int:
        # Connections of the environment claim nothing: they count only while there is a single customer.
        claimed = parse_settings(document, environment=configuration.environment, single_customer=False)
        return save_settings(
            connection, customer, editable_part(document),
            who=who, expected_version=expected, note=note, effective=claimed.document(),
        )  # fmt: skip

    # Everything but Fivetran's consent is checked first; the database must not wait for Fivetran's answers.
    with engine.connect() as connection, connection.begin() as trial:
        add(connection)
        old = _valid_settings(configuration, connection, customer) if add_as is None else None
        found = _version(connection, customer)
        expected = found if expected_version is None else expected_version
        save(connection, expected)
        new = effective_settings(configuration, connection, customer)
        secrets = customer_secrets(configuration, connection, customer)
        trial.rollback()
    if old is None or new.custom_kpis != old.custom_kpis:
        require_computable(configuration, new, secrets)
    changes = tuple(diff_settings(old or CustomerSettings(), new))
    if dry_run:
        return SettingsChange(found, new, changes, ())
    # Without `apply` there is no difference to tell Fivetran of.
    told = settings_applied(configuration, old if apply else new, new, resume=resume)
    with told as applied, engine.begin() as connection:
        add(connection)
        version = save(connection, expected)
        if version != found:
            detail = {"version": version, "settings": [change.path for change in changes]}
            record_event(
                connection, who=who, action="settings.save", target=customer, customer=customer, detail=detail
            )
    return SettingsChange(version, new, changes, tuple(applied))


def _valid_settings(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> CustomerSettings | None:
    """The settings so far; None where there are none, or none that are valid any more."""
    if not _version(connection, customer):
        return None
    try:
        return effective_settings(configuration, connection, customer)
    except InvalidSettings:
        return None


def _version(connection: sa.Connection, customer: str) -> int:
    stored = current_settings(connection, customer)
    return stored.version if stored else 0
