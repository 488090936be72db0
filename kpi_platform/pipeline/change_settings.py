"""Reading and changing a customer's settings: checked, applied to Fivetran, and stored, or nothing of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import get_customer, list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.settings_versions import current_settings, save_settings
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import (
    Change,
    CustomerSettings,
    diff_settings,
    editable_part,
    parse_settings,
)
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.apply_settings import AppliedChange, settings_applied


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """What a change did. `version` is the one that holds now; unchanged settings keep theirs."""

    version: int
    settings: CustomerSettings
    changes: tuple[Change, ...]
    applied: tuple[AppliedChange, ...]


def effective_settings(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> CustomerSettings:
    """The customer's settings with the environment's defaults. Raises UnknownCustomer, and InvalidSettings
    where the stored document is not valid any more."""
    stored = current_settings(connection, customer)
    return _parsed(configuration, connection, stored.document if stored else {})


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
) -> SettingsChange:
    """Replaces the customer's settings by `document`. `dry_run` checks all and changes nothing; without
    `apply`, Fivetran is not called.

    Raises InvalidSettings; Conflict where somebody else was faster than `expected_version`, or a connection
    or raw schema is another customer's; FivetranRefused or FivetranUnavailable. After any of them Fivetran
    and the stored settings are as they were.
    """
    with reading(engine) as connection:
        get_customer(connection, customer)
        new = _parsed(configuration, connection, document)
        old = _valid_settings(configuration, connection, customer)
        stored = current_settings(connection, customer)
        found = stored.version if stored else 0
    stored_document = _stored_document(document, new)
    expected = found if expected_version is None else expected_version
    # Everything but Fivetran's consent is checked first; the database must not wait for Fivetran's answers.
    with engine.connect() as connection, connection.begin() as trial:
        save_settings(connection, customer, stored_document, who=who, expected_version=expected, note=note)
        trial.rollback()
    changes = tuple(diff_settings(old or CustomerSettings(), new))
    if dry_run:
        return SettingsChange(found, new, changes, ())
    # Without `apply` there is no difference to tell Fivetran of.
    told = settings_applied(configuration, old if apply else new, new)
    with told as applied, engine.begin() as connection:
        version = save_settings(
            connection, customer, stored_document, who=who, expected_version=expected, note=note
        )
    return SettingsChange(version, new, changes, tuple(applied))


def _parsed(
    configuration: Configuration, connection: sa.Connection, document: Mapping[str, Any]
) -> CustomerSettings:
    return parse_settings(
        document,
        environment=configuration.environment,
        single_customer=len(list_customers(connection)) == 1,
    )


def _valid_settings(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> CustomerSettings | None:
    """The settings so far; None where there are none, or none that are valid any more."""
    if current_settings(connection, customer) is None:
        return None
    try:
        return effective_settings(configuration, connection, customer)
    except InvalidSettings:
        return None


def _stored_document(document: Mapping[str, Any], settings: CustomerSettings) -> dict[str, Any]:
    """What is stored: the document without what is only shown, and with the raw schemas that it claims, also
    where they are left to the default."""
    result = editable_part(document)
    for source in SOURCES:
        section = settings.source(source)
        if section.enabled:
            result[source] = {"schema": section.schema_, **(result.get(source) or {})}
    return result
