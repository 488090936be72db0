"""Custom KPIs on the settings page: add one, change it, remove it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.previews import StoredPreview, found_preview
from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.domain.errors import InvalidSettings, KpiPlatformError, NotFound
from kpi_platform.pipeline.change_settings import change_settings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.edit_settings import EditClash, save_edit
from kpi_platform.web.custom_kpi_form import (
    CUSTOM_KPI_LABELS,
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
    HeavyTurnsDep,
    require_scope,
)
from kpi_platform.web.page import CustomerPageDep, Page
from kpi_platform.web.preview_jobs import start_preview, wait_for_preview
from kpi_platform.web.routes.pages_preview import show_preview
from kpi_platform.web.routes.pages_settings import TypedDep, version_of
from kpi_platform.web.settings_form import ShownClash, with_undecided
from kpi_platform.web.settings_service import settings_document

router = APIRouter(prefix="/settings/custom-kpis", include_in_schema=False)
_writing = Depends(require_scope("write"))
_NEW = "new"
_LIST = "/settings?section=kpi_mappings#custom-kpis"

Slug = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,47}$")]


@router.get("/new")
def new_custom_kpi(page: CustomerPageDep, connection: ConnectionDep, customer: CustomerDep) -> HTMLResponse:
    """Returns the empty form, with a preview that somebody left."""
    job = found_preview(connection, customer, "custom_kpi", _NEW)
    return _form(page, None, texts_of(None), _version(connection, customer), job=job)


@router.get("/{slug}")
def edit_custom_kpi(
    slug: Slug,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
) -> HTMLResponse:
    """Returns the form of one custom KPI, with a preview that somebody left. Raises NotFound if the settings
    have none of that name."""
    known = _known(configuration, connection, customer)
    job = found_preview(connection, customer, "custom_kpi", slug)
    return _form(page, slug, texts_of(known[slug]), _version(connection, customer), job=job)


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


@router.post("/{slug}/preview", dependencies=[_writing])
def preview_custom_kpi(
    slug: Slug,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    turns: HeavyTurnsDep,
    typed: TypedDep,
) -> Response:
    """Begins to compute the KPI as the form has it, for a few accounts; `slug` is `new` for a new one. The
    page follows it."""
    known = None if slug == _NEW else slug
    based_on = version_of(typed)
    typed, undecided = with_undecided(typed)
    edit = _Edit(known, typed)
    try:
        change, _ = save_edit(
            configuration, engine, customer, edit,
            by=principal.editor, based_on=based_on, undecided=_paths(known, undecided), dry_run=True,
        )  # fmt: skip
        preview_id = start_preview(
            configuration, engine, turns, customer, change.settings, slug, slug=known or typed.get("slug", "")
        )
    except KpiPlatformError as error:
        page.note(error)
        wrong: dict[str, str] = {}
        problems = [str(error)]
        if isinstance(error, InvalidSettings):
            wrong, problems = messages(error.details["errors"], edit.position)
        if page.is_fragment:
            return page.show(
                "_not_previewed.html", error.http_status,
                wrong=wrong, problems=problems, labels=CUSTOM_KPI_LABELS,
            )  # fmt: skip
        return _form(page, known, typed, based_on, wrong, problems, error.http_status)
    if page.is_fragment:
        return show_preview(page, engine, customer, preview_id)
    # Without a script nothing asks again.
    job = wait_for_preview(engine, customer, preview_id)
    return _form(page, known, typed, based_on, job=job)


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
    edit = _Edit(slug, typed)
    word = "Added" if slug is None else "Changed"
    try:
        save_edit(
            configuration, engine, customer, edit,
            by=principal.editor, based_on=based_on, undecided=_paths(slug, undecided),
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
        here, elsewhere = messages(error.details["errors"], edit.position)
        return _form(page, slug, typed, based_on, here, elsewhere, 400)
    except KpiPlatformError as error:
        return _form(page, slug, typed, based_on, {}, [str(error)], error.http_status)
    return RedirectResponse(_LIST, 303)


@dataclass
class _Edit:
    """Puts the definition that was typed into the settings. `position` is its place in their list."""

    slug: str | None
    typed: Mapping[str, str]
    position: int = 0

    def __call__(self, document: dict[str, Any]) -> dict[str, Any]:
        definitions = list(document["custom_kpis"])
        slugs = [one["slug"] for one in definitions]
        if self.slug is None:
            self.position, kpi = len(definitions), definition_of(self.typed)
        elif self.slug in slugs:
            self.position, kpi = slugs.index(self.slug), definition_of({**self.typed, "slug": self.slug})
        else:
            raise _unknown(self.slug)
        kept = [*definitions[: self.position], kpi, *definitions[self.position + 1 :]]
        return {**document, "custom_kpis": kept}


def _paths(slug: str | None, undecided: Collection[str]) -> list[str]:
    return [f"custom_kpis.{slug}.{one}" for path in undecided for one in definition_paths(path)]


def _form(
    page: Page,
    slug: str | None,
    texts: Mapping[str, str],
    version: int | None,
    wrong: Mapping[str, str] | None = None,
    problems: list[str] | None = None,
    status: int = 200,
    clashes: Mapping[str, ShownClash] | None = None,
    job: StoredPreview | None = None,
) -> HTMLResponse:
    groups = custom_kpi_groups(texts, wrong or {}, clashes or {})
    return page.show(
        "custom_kpi.html", status, slug=slug, groups=groups, version=version,
        labels=CUSTOM_KPI_LABELS,
        wrong=wrong or {}, problems=problems or [], job=job,
    )  # fmt: skip
