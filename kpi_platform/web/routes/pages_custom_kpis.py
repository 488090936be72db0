"""Custom KPIs on the settings page: add one, change it, remove it."""

from collections.abc import Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.domain.errors import InvalidSettings, KpiPlatformError, NotFound
from kpi_platform.pipeline.change_settings import change_settings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.edit_settings import EditClash, save_edit
from kpi_platform.web.custom_kpi_form import (
    custom_kpi_groups,
    definition_of,
    definition_paths,
    messages,
    shown_clashes,
    texts_of,
)
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.page import CustomerPageDep, Page
from kpi_platform.web.routes.pages_settings import TypedDep, version_of
from kpi_platform.web.settings_form import ShownClash, with_undecided
from kpi_platform.web.settings_service import settings_document

router = APIRouter(prefix="/settings/custom-kpis", include_in_schema=False)
_writing = Depends(require_scope("write"))
_LIST = "/settings?section=kpi_mappings#custom-kpis"

Slug = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,47}$")]


@router.get("/new")
def new_custom_kpi(page: CustomerPageDep, connection: ConnectionDep, customer: CustomerDep) -> HTMLResponse:
    """Returns the empty form."""
    return _form(page, None, texts_of(None), _version(connection, customer))


@router.get("/{slug}")
def edit_custom_kpi(
    slug: Slug,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
) -> HTMLResponse:
    """Returns the form of one custom KPI. Raises NotFound if the settings have none of that name."""
    known = _known(configuration, connection, customer)
    return _form(page, slug, texts_of(known[slug]), _version(connection, customer))


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
        raise _unknown(slug)

    def position(self, slug: str) -> int:
        """Its place in the document's list. NotFound."""
        return list(self).index(self[slug].slug)


def _version(connection: sa.Connection, customer: str) -> int:
    stored = current_settings(connection, customer)
    return stored.version if stored else 0


def _unknown(slug: str) -> NotFound:
    return NotFound(f"There is no custom KPI '{slug}'.", next_step="Look at the list in the settings.")


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
    typed: dict[str, str],
) -> Response:
    """Saves beside what others have saved since the form was opened."""
    based_on = version_of(typed)
    typed, undecided = with_undecided(typed)
    position = 0

    def edit(document: dict[str, Any]) -> dict[str, Any]:
        nonlocal position
        definitions = list(document["custom_kpis"])
        slugs = [one["slug"] for one in definitions]
        if slug is None:
            position, kpi = len(definitions), definition_of(typed)
        elif slug in slugs:
            position, kpi = slugs.index(slug), definition_of({**typed, "slug": slug})
        else:
            raise _unknown(slug)
        return {**document, "custom_kpis": [*definitions[:position], kpi, *definitions[position + 1 :]]}

    word = "Added" if slug is None else "Changed"
    paths = [f"custom_kpis.{slug}.{one}" for path in undecided for one in definition_paths(path)]
    try:
        save_edit(
            configuration, engine, customer, edit,
            by=principal.editor, based_on=based_on, undecided=paths,
            note=f"{word} custom KPI {typed.get('slug') or slug}.",
        )  # fmt: skip
    except EditClash as error:
        clashes = shown_clashes(slug, error.planned, typed) if slug else {}
        if not clashes:
            problem = "Somebody else has added or removed a KPI of this short name since you opened the form."
            return _form(page, slug, typed, based_on, {}, [problem], 409)
        definition = next(one for one in error.planned.document["custom_kpis"] if one["slug"] == slug)
        texts = texts_of(CustomKpi.model_validate(definition))
        problems = ["Choose which value holds where two were saved. Everything else that you typed is kept."]
        return _form(page, slug, texts, error.planned.version, {}, problems, 409, clashes)
    except InvalidSettings as error:
        here, elsewhere = messages(error.details["errors"], position)
        return _form(page, slug, typed, based_on, here, elsewhere, 400)
    except KpiPlatformError as error:
        return _form(page, slug, typed, based_on, {}, [str(error)], error.http_status)
    return RedirectResponse(_LIST, 303)


def _form(
    page: Page,
    slug: str | None,
    texts: Mapping[str, str],
    version: int | None,
    wrong: Mapping[str, str] | None = None,
    problems: list[str] | None = None,
    status: int = 200,
    clashes: Mapping[str, ShownClash] | None = None,
) -> HTMLResponse:
    groups = custom_kpi_groups(texts, wrong or {}, clashes or {})
    return page.show(
        "custom_kpi.html", status, slug=slug, groups=groups, version=version,
        labels={field.path: field.label for group in groups for field in group.fields},
        wrong=wrong or {}, problems=problems or [],
    )  # fmt: skip
