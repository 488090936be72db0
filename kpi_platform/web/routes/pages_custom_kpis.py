"""Custom KPIs on the settings page: add one, change it, remove it."""

from collections.abc import Mapping
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.domain.errors import InvalidSettings, KpiPlatformError, NotFound
from kpi_platform.pipeline.change_settings import change_settings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.web.custom_kpi_form import custom_kpi_groups, definition_of, messages, texts_of
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.page import CustomerPageDep, Page
from kpi_platform.web.routes.pages_settings import TypedDep
from kpi_platform.web.settings_service import settings_document

router = APIRouter(prefix="/settings/custom-kpis", include_in_schema=False)
_writing = Depends(require_scope("write"))
_LIST = "/settings?section=kpi_mappings#custom-kpis"

Slug = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,47}$")]


@router.get("/new")
def new_custom_kpi(page: CustomerPageDep) -> HTMLResponse:
    """Returns the empty form."""
    return _form(page, None, texts_of(None))


@router.get("/{slug}")
def edit_custom_kpi(
    slug: Slug,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
) -> HTMLResponse:
    """Returns the form of one custom KPI. Raises NotFound if the settings have none of that name."""
    return _form(page, slug, texts_of(_known(configuration, connection, customer)[slug]))


@router.post("/new", dependencies=[_writing])
def add_custom_kpi(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    typed: TypedDep,
) -> Response:
    """Adds one, or shows what is wrong at the field and keeps what was typed."""
    return _save(page, configuration, engine, customer, principal, None, typed)


@router.post("/{slug}", dependencies=[_writing])
def change_custom_kpi(
    slug: Slug,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    typed: TypedDep,
) -> Response:
    """Changes one, or shows what is wrong at the field and keeps what was typed."""
    return _save(page, configuration, engine, customer, principal, slug, typed)


@router.post("/{slug}/remove", dependencies=[_writing])
def remove_custom_kpi(
    slug: Slug,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> RedirectResponse:
    """Takes one out of the settings. Its values stay until the next load; an older version brings it back."""
    with reading(engine) as connection:
        version, document = settings_document(configuration, connection, customer)
        position = _known(configuration, connection, customer).position(slug)
    del document["custom_kpis"][position]
    change_settings(
        configuration, engine, customer, document,
        by=principal.editor, expected_version=version, note=f"Removed custom KPI {slug}.",
    )  # fmt: skip
    return RedirectResponse(_LIST, 303)


class _Known(dict[str, CustomKpi]):
    def __missing__(self, slug: str) -> CustomKpi:
        raise NotFound(f"There is no custom KPI '{slug}'.", next_step="Look at the list in the settings.")

    def position(self, slug: str) -> int:
        """Its place in the document's list. NotFound."""
        return list(self).index(self[slug].slug)


def _known(configuration: Configuration, connection: sa.Connection, customer: str) -> _Known:
    settings = effective_settings(configuration, connection, customer)
    return _Known({kpi.slug: kpi for kpi in settings.custom_kpis})


def _save(
    page: Page,
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    principal: CurrentPrincipal,
    slug: str | None,
    typed: Mapping[str, str],
) -> Response:
    with reading(engine) as connection:
        version, document = settings_document(configuration, connection, customer)
        known = _known(configuration, connection, customer)
    definitions = document["custom_kpis"]
    if slug is None:
        position = len(definitions)
        definitions.append(definition_of(typed))
    else:
        position = known.position(slug)
        definitions[position] = definition_of({**typed, "slug": slug})
    word = "Added" if slug is None else "Changed"
    try:
        change_settings(
            configuration, engine, customer, document, by=principal.editor, expected_version=version,
            note=f"{word} custom KPI {typed.get('slug') or slug}.",
        )  # fmt: skip
    except InvalidSettings as error:
        here, elsewhere = messages(error.details["errors"], position)
        return _form(page, slug, typed, here, elsewhere, 400)
    except KpiPlatformError as error:
        return _form(page, slug, typed, {}, [str(error)], error.http_status)
    return RedirectResponse(_LIST, 303)


def _form(
    page: Page,
    slug: str | None,
    texts: Mapping[str, str],
    wrong: Mapping[str, str] | None = None,
    problems: list[str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    return page.show(
        "custom_kpi.html", status,
        slug=slug, groups=custom_kpi_groups(texts, wrong or {}), wrong=wrong or {}, problems=problems or [],
    )  # fmt: skip
