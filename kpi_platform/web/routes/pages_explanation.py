"""The source rows behind one value: a part of the account's page, and without a script a page of its own."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from kpi_platform.dashboard.account_reading import account_detail
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.definitions import kpi_definitions
from kpi_platform.domain.errors import NotFound
from kpi_platform.web.dependencies import CustomerDep, EngineDep, ExplainerDep, HeavyTurnsDep
from kpi_platform.web.page import CustomerPageDep
from kpi_platform.web.problems import shown_on
from kpi_platform.web.routes.accounts import AccountId
from kpi_platform.web.schemas.explanations import ExplanationAnswer

router = APIRouter(include_in_schema=False)

_ROWS = 100


@router.get("/accounts/{account_id}/kpis/{kpi}/explanation")
def show_explanation(
    account_id: AccountId,
    kpi: Annotated[str, Path(max_length=64)],
    page: CustomerPageDep,
    explainer: ExplainerDep,
    engine: EngineDep,
    customer: CustomerDep,
    turns: HeavyTurnsDep,
) -> HTMLResponse:
    """Returns the first source rows, what was left out and why; or why that cannot be shown now, and the way
    to ask again."""
    with reading(engine) as connection:
        summary = account_detail(connection, customer, account_id).summary
        definition = kpi_definitions(connection, customer).get(kpi)
    if definition is None or kpi not in summary.kpis:
        raise NotFound(f"The account '{summary.account.name}' shows no KPI '{kpi}'.")
    explanation: ExplanationAnswer | None = None
    with shown_on(page) as problem, turns.take(customer):
        explanation = explainer.explain(customer, account_id, kpi, _ROWS)
    return page.show(
        "_explanation.html" if page.is_fragment else "explanation.html",
        problem.status,
        account=summary.account,
        definition=definition,
        explanation=explanation,
        problem=problem.error,
    )
