"""Page 3: the data integration's settings, the connection test, and what a change would do."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_counts import account_counts
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.previews import StoredPreview, found_preview
from kpi_platform.dashboard.source_states import source_states
from kpi_platform.domain.errors import Conflict, InvalidSettings, KpiPlatformError
from kpi_platform.domain.settings import settings_leaves, value_at
from kpi_platform.domain.settings.leaves import READ_ONLY
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.change_settings import SettingsChange
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.edit_settings import EditClash, MergedInvalid, PlannedEdit, save_edit
from kpi_platform.pipeline.sync_times import sync_times
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    HeavyTurnsDep,
    require_scope,
)
from kpi_platform.web.page import CustomerPageDep, Page
from kpi_platform.web.preview_jobs import start_preview, wait_for_preview
from kpi_platform.web.retention import basis_in_force
from kpi_platform.web.routes.alerts import test_alerts
from kpi_platform.web.routes.connection_test import test_warehouse
from kpi_platform.web.routes.pages_preview import show_preview
from kpi_platform.web.routes.pages_sync import newest_sync
from kpi_platform.web.schemas.alerts import AlertTestAnswer
from kpi_platform.web.schemas.connection_test import ConnectionTestAnswer, ConnectionTestBody
from kpi_platform.web.setting_labels import SECTIONS, setting_label
from kpi_platform.web.settings_form import (
    clash_words,
    document_of,
    field_groups,
    other_messages,
    with_undecided,
)
from kpi_platform.web.settings_service import settings_document

router = APIRouter(prefix="/settings", include_in_schema=False)
_writing = Depends(require_scope("write"))

_OFFERED_TYPES = 30

SectionName = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True, slots=True)
class Shown:
    """The state of a form besides the settings: what was typed, and the result. `planned` is the edit, merged
    with those of others."""

    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    based_on: int | None = None
    saved: SettingsChange | None = None
    planned: PlannedEdit | None = None
    test: ConnectionTestAnswer | None = None
    tested: AlertTestAnswer | None = None
    preview: StoredPreview | None = None


async def _typed(request: Request) -> dict[str, str]:
    """Every field's last value: a checkbox stands behind a hidden `false`."""
    return {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}


TypedDep = Annotated[dict[str, str], Depends(_typed)]


@router.get("")
def show_settings(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    section: SectionName = "fivetran",
) -> HTMLResponse:
    """Returns one section's form, with last and next sync, the newest manual sync, and a preview that was
    left."""
    shown = Shown(preview=found_preview(connection, customer, "settings", _known(section)))
    return _show(page, configuration, connection, customer, section, shown)


@router.post("", dependencies=[_writing])
def save_settings(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    typed: TypedDep,
    section: SectionName = "fivetran",
) -> HTMLResponse:
    """Saves a section beside what others have saved since; or shows what is wrong at the field, or what
    somebody else has changed too, and keeps what was typed."""
    based_on, status = version_of(typed), 200
    typed, undecided = with_undecided(typed)
    try:
        change, planned = save_edit(
            configuration, engine, customer, lambda document: document_of(document, section, typed),
            by=principal.editor, based_on=based_on, undecided=undecided,
        )  # fmt: skip
        shown = Shown(saved=change, planned=planned)
    except KpiPlatformError as error:
        shown, status = _refused(error, section, typed), error.http_status
    with reading(engine) as connection:
        return _show(page, configuration, connection, customer, section, shown, status)


@router.post("/test-connection", dependencies=[_writing])
def test_settings(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    turns: HeavyTurnsDep,
    typed: TypedDep,
) -> HTMLResponse:
    """Tests the warehouse as the form has it, before it is saved. Fields that the caller may not change are
    not sent, and are tested as they are saved."""
    with reading(engine) as connection:
        _, document = settings_document(configuration, connection, customer)
    warehouse = document_of(document, "warehouse", typed)["warehouse"]
    status = 200
    try:
        body = ConnectionTestBody(warehouse=warehouse)
        answer = test_warehouse(configuration, engine, customer, principal, turns, body)
        shown = Shown(typed, test=answer, based_on=version_of(typed))
    except KpiPlatformError as error:
        page.note(error)
        shown, status = _refused(error, "warehouse", typed), error.http_status
    if page.is_fragment:
        return page.show("_connection_test.html", status, test=shown.test, shown=shown)
    with reading(engine) as connection:
        return _show(page, configuration, connection, customer, "warehouse", shown, status)


@router.post("/test-alerts", dependencies=[_writing])
def test_receivers(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    turns: HeavyTurnsDep,
    typed: TypedDep,
) -> HTMLResponse:
    """Sends a test alert to the receivers that are saved; what is typed is kept."""
    status, based_on = 200, version_of(typed)
    try:
        tested = test_alerts(configuration, engine, customer, turns)
        shown = Shown(typed, tested=tested, based_on=based_on)
    except KpiPlatformError as error:
        page.note(error)
        shown, status = Shown(typed, problems=(str(error),), based_on=based_on), error.http_status
    if page.is_fragment:
        return page.show("_alert_test.html", status, tested=shown.tested, shown=shown)
    with reading(engine) as connection:
        return _show(page, configuration, connection, customer, "alerts", shown, status)


@router.post("/preview", dependencies=[_writing])
def preview_section(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    turns: HeavyTurnsDep,
    typed: TypedDep,
    section: SectionName = "fivetran",
) -> HTMLResponse:
    """Begins to compute what saving the form would change, by account, from the data that is there. The page
    follows it."""
    status = 200
    typed, undecided = with_undecided(typed)
    try:
        change, _ = save_edit(
            configuration, engine, customer, lambda document: document_of(document, section, typed),
            by=principal.editor, based_on=version_of(typed), undecided=undecided, dry_run=True,
        )  # fmt: skip
        preview_id = start_preview(configuration, engine, turns, customer, change.settings, _known(section))
        shown = Shown(typed, based_on=version_of(typed))
    except KpiPlatformError as error:
        page.note(error)
        shown, status = _refused(error, section, typed), error.http_status
    else:
        if page.is_fragment:
            return show_preview(page, engine, customer, preview_id)
        # Without a script nothing asks again.
        shown = replace(shown, preview=wait_for_preview(engine, customer, preview_id))
    if page.is_fragment:
        labels = {path: setting_label(path) for path in shown.wrong}
        return page.show(
            "_not_previewed.html", status, problems=shown.problems, wrong=shown.wrong, labels=labels
        )
    with reading(engine) as connection:
        return _show(page, configuration, connection, customer, section, shown, status)


def _refused(error: KpiPlatformError, section: str, typed: Mapping[str, str]) -> Shown:
    """Returns the form again. Once it is merged with what others have saved, it is based on their version."""
    based_on = version_of(typed)
    if isinstance(error, EditClash):
        return Shown(
            problems=(clash_words(error.planned),), based_on=error.planned.version, planned=error.planned
        )
    if isinstance(error, InvalidSettings):
        here, elsewhere = other_messages(section, error.details["errors"])
        if isinstance(error, MergedInvalid):
            return Shown({}, here, tuple(elsewhere), error.planned.version, planned=error.planned)
        return Shown(typed, here, tuple(elsewhere), based_on)
    kind = error.details.get("kind") if isinstance(error, Conflict) else None
    place = {"connection": "connection_id", "schema": "schema"}.get(str(kind))
    if place and section in SOURCES:
        return Shown(typed, {f"{section}.{place}": str(error)}, based_on=based_on)
    return Shown(typed, problems=(str(error),), based_on=based_on)


def _landed_types(connection: sa.Connection, customer: str) -> dict[str, list[tuple[str, str]]]:
    """The account types that the newest build found, as lines of the settings that are lists of them."""
    built = account_counts(connection, [customer]).get(customer)
    if built is None:
        return {}
    types = list(built.counts.types.items())[:_OFFERED_TYPES]
    lines = [(name or "", f"{name or 'empty'} {accounts:,}") for name, accounts in types]
    return dict.fromkeys(("salesforce.account_types.customer", "salesforce.account_types.former"), lines)


def version_of(typed: Mapping[str, str]) -> int | None:
    """Returns the version of the settings that a form was made from."""
    text = typed.get("expected_version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _known(section: str) -> str:
    return section if section in SECTIONS else "fivetran"


def _show(
    page: Page,
    configuration: Configuration,
    connection: sa.Connection,
    customer: str,
    section: str,
    shown: Shown,
    status: int = 200,
) -> HTMLResponse:
    section = _known(section)
    version, document = settings_document(configuration, connection, customer)
    unsaved = shown.planned is not None and shown.saved is None
    if shown.planned is not None and unsaved:
        computed = {path.partition(".")[2]: value_at(document, path) for path in READ_ONLY}
        document = {**shown.planned.document}
        document["fivetran"] = {**document["fivetran"], **computed}
    settings = effective_settings(configuration, connection, customer)
    assert page.principal is not None
    editor, offered = page.principal.editor, _landed_types(connection, customer)
    groups = field_groups(
        section, document, shown.typed, shown.wrong, editor, offered=offered, planned=shown.planned
    )
    return page.show(
        "settings.html",
        status,
        section=section,
        sections=SECTIONS,
        sources=SOURCES,
        sizes={name: sum(leaf.section == name for leaf in settings_leaves()) for name in SECTIONS},
        groups=groups,
        may_save=page.principal.may("write")
        and not all(field.only for group in groups for field in group.fields),
        version=version if shown.based_on is None else shown.based_on,
        shown=shown,
        unsaved=bool(shown.typed) or unsaved,
        test=shown.test,
        tested=shown.tested,
        job=shown.preview,
        times=sync_times(connection, customer, settings),
        states=source_states(connection, customer),
        settings=settings,
        sync=newest_sync(configuration, connection, customer),
        custom_kpis=settings.custom_kpis,
        basis_in_force=basis_in_force(connection, customer) if section == "revenue" else None,
    )
