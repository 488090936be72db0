"""Source tables as they lie in the warehouse: their rows as a page, and their fields for pick lists."""

from collections.abc import Sequence
from itertools import groupby

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from kpi_platform.pipeline.landed_rows import LandedField, SourceRows, landed_fields, landed_rows
from kpi_platform.web.dependencies import ConfigurationDep, CustomerDep, EngineDep, HeavyTurnsDep
from kpi_platform.web.explaining import WAIT_SECONDS
from kpi_platform.web.page import CustomerPageDep
from kpi_platform.web.problems import shown_on

router = APIRouter(include_in_schema=False)


@router.get("/runs/tables")
def show_tables(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    turns: HeavyTurnsDep,
) -> HTMLResponse:
    """Shows how many rows each table holds now, and which are off; or why that cannot be said now."""
    sources: Sequence[SourceRows] = ()
    with shown_on(page) as problem, turns.take(customer):
        sources = landed_rows(configuration, engine, customer, wait_seconds=WAIT_SECONDS)
    return page.show(
        "_tables.html" if page.is_fragment else "tables.html",
        problem.status,
        sources=sources,
        problem=problem.error,
    )


@router.get("/settings/landed-fields")
def list_fields(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    turns: HeavyTurnsDep,
) -> HTMLResponse:
    """Returns the landed fields for inputs that name one. Names can be typed too, so that a warehouse that
    does not answer keeps nobody from going on."""
    fields: Sequence[LandedField] = ()
    with shown_on(page) as problem, turns.take(customer):
        fields = landed_fields(configuration, engine, customer, wait_seconds=WAIT_SECONDS)
    by_name = {name: list(several) for name, several in groupby(fields, key=lambda field: field.name)}
    return page.show("_landed_fields.html", fields=by_name, problem=problem.error)
