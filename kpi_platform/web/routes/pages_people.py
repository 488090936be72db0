"""The page of people and tokens."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from kpi_platform.dashboard.customers import list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.pipeline.people import people_of, tokens_of
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.page import Page, PageDep
from kpi_platform.web.routes import people
from kpi_platform.web.routes.people import ManagerDep, PersonId, TokenId
from kpi_platform.web.schemas.people import PersonBody, RoleBody, TokenBody
from kpi_platform.web.validation import in_words

router = APIRouter(prefix="/people", include_in_schema=False, dependencies=[Depends(require_scope("admin"))])


async def _typed(request: Request) -> dict[str, str]:
    return {name: value.strip() for name, value in (await request.form()).items() if isinstance(value, str)}


Typed = Annotated[dict[str, str], Depends(_typed)]


@router.get("")
def show_people(page: PageDep, connection: ConnectionDep, manager: ManagerDep) -> HTMLResponse:
    """Shows the people and the tokens."""
    return _show(page, connection, manager)


@router.post("")
def invite(
    page: PageDep, configuration: ConfigurationDep, engine: EngineDep, manager: ManagerDep, typed: Typed
) -> HTMLResponse:
    """Adds a person, and shows the link to send."""
    try:
        body = PersonBody.model_validate(_given(typed, "name", "email", "scope", "customer"))
        done = people.invite_person(body, configuration, engine, manager)
    except (ValidationError, KpiPlatformError) as error:
        return _refused(page, engine, manager, error, typed, "invite")
    with reading(engine) as connection:
        return _show(page, connection, manager, 201, invited=done)


@router.post("/tokens")
def create(page: PageDep, engine: EngineDep, manager: ManagerDep, typed: Typed) -> HTMLResponse:
    """Creates a token, and shows its text."""
    given: dict[str, Any] = _given(typed, "name", "scope", "customer")
    given["days"] = typed.get("days") or None
    if typed.get("person_id"):
        given["person_id"] = typed["person_id"]
    try:
        done = people.create_token(TokenBody.model_validate(given, strict=False), engine, manager)
    except (ValidationError, KpiPlatformError) as error:
        return _refused(page, engine, manager, error, typed, "token")
    with reading(engine) as connection:
        return _show(page, connection, manager, 201, created=done)


@router.post("/tokens/{token_id}/revoke")
def revoke(page: PageDep, engine: EngineDep, manager: ManagerDep, token_id: TokenId) -> Response:
    """Revokes a token."""
    try:
        people.revoke_token(token_id, engine, manager)
    except KpiPlatformError as error:
        return _refused(page, engine, manager, error, {}, "")
    return RedirectResponse("/people#tokens", 303)


@router.post("/{person_id}/{action}")
def change(
    page: PageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    manager: ManagerDep,
    person_id: PersonId,
    action: Literal["role", "link", "sign-out", "remove"],
    typed: Typed,
) -> Response:
    """Changes a person's role, makes a new link, signs the person out everywhere, or removes the person."""
    try:
        if action == "link":
            done = people.new_link(person_id, configuration, engine, manager)
            with reading(engine) as connection:
                return _show(page, connection, manager, invited=done)
        if action == "role":
            body = RoleBody.model_validate(_given(typed, "scope"))
            people.change_role(person_id, body, engine, manager)
        elif action == "sign-out":
            people.sign_person_out(person_id, engine, manager)
        else:
            people.remove_person(person_id, engine, manager)
    except (ValidationError, KpiPlatformError) as error:
        return _refused(page, engine, manager, error, {}, "")
    return RedirectResponse("/people", 303)


def _given(typed: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: typed[name] for name in names if typed.get(name)}


def _refused(
    page: Page,
    engine: sa.Engine,
    manager: ManagerDep,
    error: ValidationError | KpiPlatformError,
    typed: dict[str, str],
    form: str,
) -> HTMLResponse:
    wrong: dict[str, str] = {}
    problem = None
    if isinstance(error, ValidationError):
        for one in error.errors(include_url=False):
            wrong[str(one["loc"][0])] = in_words({**one, "loc": ("body", *one["loc"])})["message"]
        status = 400
    else:
        problem, status = error, error.http_status
    with reading(engine) as connection:
        return _show(
            page, connection, manager, status, problem=problem, wrong=wrong, typed=typed, refused=form
        )


def _show(
    page: Page, connection: sa.Connection, manager: ManagerDep, status: int = 200, **values: Any
) -> HTMLResponse:
    now = datetime.now(UTC)
    tokens = tokens_of(connection, manager)
    usable = [one for one in tokens if one.revoked_at is None and (one.expires_at or now) >= now]
    known = people_of(connection, manager)
    everybody = list_customers(connection) if manager.customer is None else []
    shown = {
        "problem": None, "wrong": {}, "typed": {}, "refused": "", "invited": None, "created": None, **values,
    }  # fmt: skip
    return page.show(
        "people.html",
        status,
        people=known,
        tokens=usable,
        ended=[one for one in tokens if one not in usable][:20],
        everybody=everybody,
        names={one.key: one.name for one in everybody},
        people_options=[(str(one.id), one.name) for one in known],
        me=manager,
        **shown,
    )
