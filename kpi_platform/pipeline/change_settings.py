"""Changing a customer's settings: checked, applied to Fivetran, and stored, or nothing of it.

Every way in ends here: page, API, command line, import, restore, onboarding, preview. So does every rule: who
may change what, which secrets may be named, and that nothing is stored which only repeats a default.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import (
    current_settings,
    save_settings,
    settings_version,
    somebody_was_faster,
)
from kpi_platform.domain.errors import Conflict, InvalidSettings
from kpi_platform.domain.settings import (
    Change,
    CustomerSettings,
    Editor,
    as_it_holds,
    diff_settings,
    editable_part,
    parse_settings,
    paths_beyond,
    require_none,
    stated_part,
)
from kpi_platform.pipeline.applied_change import AppliedChange
from kpi_platform.pipeline.apply_settings import settings_applied
from kpi_platform.pipeline.custom_kpis import require_computable
from kpi_platform.pipeline.customer_settings import (
    customer_secrets,
    effective_settings,
    has_single_customer,
)
from kpi_platform.pipeline.named_secrets import require_nameable
from kpi_platform.pipeline.places import is_known, learn_place


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """The result of a change. `version` is the one that holds now; unchanged settings keep theirs. `warnings`
    say what could not be checked yet."""

    version: int
    settings: CustomerSettings
    changes: tuple[Change, ...]
    applied: tuple[AppliedChange, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Planned:
    """The change to store: the `document`, and the settings that it makes beside those so far."""

    document: Mapping[str, Any]
    new: CustomerSettings
    old: CustomerSettings | None
    version: int
    secrets: CustomerSecrets


def change_settings(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    document: Mapping[str, Any],
    *,
    by: Editor,
    expected_version: int | None = None,
    note: str = "",
    apply: bool = True,
    dry_run: bool = False,
    add_as: str | None = None,
    resume: Collection[str] = (),
) -> SettingsChange:
    """Replaces the customer's settings by `document`. `add_as` adds the customer under that name first, in
    the same transaction. `resume` names connections that go on if they are paused. `dry_run` checks all and
    changes nothing; without `apply`, Fivetran is not called.

    Raises InvalidSettings, also if a secret is not the customer's, or a new custom KPI names columns that did
    not land (DestinationUnavailable if that cannot be asked); Forbidden with the paths that `by` may not
    change; Conflict if somebody else was faster than `expected_version`, or a connection or raw schema is
    another customer's; FivetranRefused or FivetranUnavailable. After any of them Fivetran and the database
    are as they were.
    """

    def add(connection: sa.Connection) -> None:
        if add_as is not None:
            add_customer(connection, customer, add_as)
            record_event(connection, who=by.name, action="customer.add", target=customer, customer=customer)

    def save(connection: sa.Connection) -> int:
        # Connections of the environment claim nothing: they count only while there is a single customer.
        claimed = parse_settings(
            planned.document, environment=configuration.environment, single_customer=False
        )
        try:
            return save_settings(
                connection, customer, planned.document,
                who=by.name, expected_version=planned.version, note=note, effective=claimed.document(),
            )  # fmt: skip
        except Conflict as conflict:
            raise conflict.for_operator if by.operator else conflict from None

    # Everything but Fivetran's consent is checked first; the database must not wait for Fivetran's answers.
    with engine.connect() as connection, connection.begin() as trial:
        add(connection)
        planned = _planned(
            configuration, connection, customer, document, by, expected_version, adds=add_as is not None
        )
        save(connection)
        trial.rollback()
    old, new = planned.old, planned.new
    reads = bool(new.custom_kpis) and (old is None or new.custom_kpis != old.custom_kpis)
    warnings: list[str] = []
    if old is None or new.warehouse != old.warehouse or (reads and not is_known(engine, new)):
        if warning := learn_place(configuration, engine, new, planned.secrets):
            warnings.append(warning)
        # The server's identity may show that a schema is another customer's.
        with engine.connect() as connection, connection.begin() as trial:
            add(connection)
            save(connection)
            trial.rollback()
    if reads:
        require_computable(configuration, new, planned.secrets)
    changes = tuple(diff_settings(old or CustomerSettings(), new))
    if dry_run:
        return SettingsChange(planned.version, new, changes, (), tuple(warnings))
    # Without `apply` Fivetran gets no difference.
    told = settings_applied(configuration, old if apply else new, new, resume=resume)
    with told as applied, engine.begin() as connection:
        add(connection)
        version = save(connection)
        if version != planned.version:
            detail = {"version": version, "settings": [change.path for change in changes]}
            record_event(
                connection, who=by.name, action="settings.save", target=customer, customer=customer,
                detail=detail,
            )  # fmt: skip
    return SettingsChange(version, new, changes, tuple(applied), tuple(warnings))


def restore_settings(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    version: int,
    *,
    by: Editor,
    expected_version: int | None = None,
    apply: bool = True,
) -> SettingsChange:
    """Saves the document of `version` again, as the newest version. Raises NotFound if there is none, and
    what `change_settings` raises."""
    with engine.connect() as connection:
        document = settings_version(connection, customer, version).document
    return change_settings(
        configuration, engine, customer, document,
        by=by, expected_version=expected_version, note=f"Restored version {version}.", apply=apply,
    )  # fmt: skip


def _planned(
    configuration: Configuration,
    connection: sa.Connection,
    customer: str,
    document: Mapping[str, Any],
    by: Editor,
    expected_version: int | None,
    *,
    adds: bool,
) -> _Planned:
    current = current_settings(connection, customer)
    stored, version = (current.document, current.version) if current else ({}, 0)
    if expected_version is not None and expected_version != version:
        raise somebody_was_faster(customer, expected_version, version)
    environment, alone = configuration.environment, has_single_customer(connection)
    holds = parse_settings(document, environment=environment, single_customer=alone).document()
    defaults = parse_settings({}, environment=environment, single_customer=alone).document()
    before = as_it_holds(stored, defaults)
    stated = stated_part(
        editable_part(document), stored=stored, before=before, holds=holds, defaults=defaults
    )
    new = parse_settings(stated, environment=environment, single_customer=alone)
    require_none(paths_beyond(by, before, new.document(), stored=stored, stated=stated))
    secrets = customer_secrets(configuration, connection, customer)
    require_nameable(secrets, before, stated, new)
    # A customer that is added (again) has no settings so far: Fivetran gets everything.
    old = _valid_settings(configuration, connection, customer) if current and not adds else None
    return _Planned(stated, new, old, version, secrets)


def _valid_settings(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> CustomerSettings | None:
    """The settings so far; None if they are not valid any more."""
    try:
        return effective_settings(configuration, connection, customer)
    except InvalidSettings:
        return None
