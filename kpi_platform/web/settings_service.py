"""A customer's settings as the API and the pages read and save them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.settings_versions import current_settings, settings_version
from kpi_platform.domain.errors import Conflict
from kpi_platform.domain.settings import editable_part, stated_part
from kpi_platform.pipeline.change_settings import SettingsChange, change_settings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.sync_times import sync_times
from kpi_platform.web.dependencies import Principal


def settings_document(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> tuple[int, dict[str, Any]]:
    """The version (0: nothing was saved) and the whole document that holds, last and next sync included."""
    stored = current_settings(connection, customer)
    settings = effective_settings(configuration, connection, customer)
    times = sync_times(connection, customer, settings)
    document = settings.document()
    document["fivetran"] |= {
        "last_sync": times.last_sync and times.last_sync.isoformat(),
        "next_sync": times.next_sync and times.next_sync.isoformat(),
    }
    return stored.version if stored else 0, document


def save_document(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    document: Mapping[str, Any],
    *,
    principal: Principal,
    expected_version: int | None = None,
    note: str = "",
    dry_run: bool = False,
) -> SettingsChange:
    """Saves `document` in place of the one that holds, and tells Fivetran. Raises as `change_settings`.

    What it states as it is by default, and was never stated before, stays a default: so that the document of
    `settings_document` can be saved again and changes nothing.
    """
    with engine.connect() as connection:
        stored = current_settings(connection, customer)
        found = stored.version if stored else 0
        effective = effective_settings(configuration, connection, customer).document()
    before = editable_part(stored.document) if stored else {}
    stated = stated_part(editable_part(document), before, effective)
    expected = found if expected_version is None else expected_version
    return _change(
        configuration, engine, customer, stated,
        principal=principal, expected_version=expected, note=note, dry_run=dry_run,
    )  # fmt: skip


def restore_version(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    version: int,
    *,
    principal: Principal,
    expected_version: int | None = None,
) -> SettingsChange:
    """Saves the document of `version` again, as the newest version. NotFound where there is none."""
    with engine.connect() as connection:
        document = settings_version(connection, customer, version).document
    return _change(
        configuration, engine, customer, document,
        principal=principal, expected_version=expected_version, note=f"Restored version {version}.",
    )  # fmt: skip


def _change(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    document: Mapping[str, Any],
    *,
    principal: Principal,
    **options: Any,
) -> SettingsChange:
    try:
        return change_settings(configuration, engine, customer, document, who=principal.name, **options)
    except Conflict as conflict:
        if principal.operator or "owner" not in conflict.details:
            raise
        what = "connection" if conflict.details["kind"] == "connection" else "raw schema"
        # Whose it is, is no business of another customer's.
        raise Conflict(
            f"The {what} belongs to another customer already.",
            next_step="Check the settings, or ask the operator.",
            details={"kind": conflict.details["kind"]},
        ) from None
