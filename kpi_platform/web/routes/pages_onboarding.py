"""A new customer, with its connections in Fivetran."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from kpi_platform.domain.errors import InvalidInput, KpiPlatformError, NotConfirmed
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.adoption import PlannedChange
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    CurrentPrincipal,
    EngineDep,
    require_operator,
    require_scope,
)
from kpi_platform.web.page import PageDep
from kpi_platform.web.routes.customers import onboard
from kpi_platform.web.schemas.customers import CustomerBody
from kpi_platform.web.validation import in_words

router = APIRouter(
    prefix="/customers/new",
    include_in_schema=False,
    dependencies=[Depends(require_operator), Depends(require_scope("admin"))],
)

FREQUENCIES = (60, 180, 360, 720, 1440)


@dataclass(frozen=True, slots=True)
class _Form:
    typed: dict[str, str]
    wrong: dict[str, str]
    problem: str | None = None
    changes: tuple[str, ...] = ()


async def _typed(request: Request) -> dict[str, str]:
    return {name: value.strip() for name, value in (await request.form()).items() if isinstance(value, str)}


@router.get("")
def show_form(page: PageDep) -> HTMLResponse:
    """Returns the empty form."""
    return page.show("onboarding.html", form=_Form({}, {}), sources=SOURCES, frequencies=FREQUENCIES)


@router.post("")
def create(
    page: PageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    principal: CurrentPrincipal,
    typed: Annotated[dict[str, str], Depends(_typed)],
) -> HTMLResponse:
    """Adds the customer and its connections, all or nothing, and shows the pages on which the owners sign in.
    Changes of adopted connections in Fivetran are shown first, and made when the form is sent with
    `confirmed`."""
    try:
        body = CustomerBody.model_validate(_body(typed))
        done = onboard(
            body, configuration, engine, principal, lambda now: typed.get("confirmed") == _seen(now)
        )
    except ValidationError as cause:
        form, status = _Form(typed, _at_fields(cause, _body(typed))), 400
    except NotConfirmed as error:
        form, status = _Form(typed, {}, changes=tuple(error.details["changes"])), error.http_status
    except InvalidInput as error:
        form, status = _Form(typed, {"key": error.message} if "key" in error.message else {}, str(error)), 400
    except KpiPlatformError as error:
        form, status = _Form(typed, {}, str(error)), error.http_status
    else:
        return page.show("onboarded.html", 201, done=done, name=body.name or body.key)
    return page.show("onboarding.html", status, form=form, sources=SOURCES, frequencies=FREQUENCIES)


def _seen(changes: Sequence[PlannedChange]) -> str:
    """Confirms these changes, and no others that came up since."""
    return " | ".join(change.words for change in changes)


def _body(typed: dict[str, str]) -> dict[str, Any]:
    connections: list[dict[str, Any]] = []
    for source in SOURCES:
        way = typed.get(f"{source}.way", "none")
        given = {
            name: typed.get(f"{source}.{name}") or None
            for name in ("connection_id", "schema", "instance_url", "sync_frequency_minutes")
        }
        if way == "adopt":
            resume = typed.get(f"{source}.resume") == "true"
            connections.append(
                {"source": source, "connection_id": given["connection_id"] or "", "resume": resume}
            )
        elif way == "create":
            connections.append({**given, "source": source, "connection_id": None})
    return {"key": typed.get("key", ""), "name": typed.get("name", ""), "connections": connections}


def _at_fields(cause: ValidationError, body: dict[str, Any]) -> dict[str, str]:
    """Messages by the form's field names."""
    wrong = {}
    for error in cause.errors(include_url=False):
        message = in_words({**error, "loc": ("body", *error["loc"])})["message"]
        match error["loc"]:
            case ("connections", int(index), *rest) if rest:
                source = body["connections"][index]["source"]
                name = "schema" if rest[0] == "db_schema" else rest[0]
                wrong[f"{source}.{name}"] = message
            case (name, *_):
                wrong[str(name)] = message
    return wrong
