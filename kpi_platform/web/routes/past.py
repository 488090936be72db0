"""The weeks before the first load: how far they are, asking for more, and cancelling them."""

from datetime import UTC, datetime

import sqlalchemy as sa
from fastapi import APIRouter, Depends

from kpi_platform.dashboard.past import cancel_past, get_past
from kpi_platform.pipeline.past import ask_for_past
from kpi_platform.web.dependencies import ConnectionDep, CustomerDep, EngineDep, require_scope
from kpi_platform.web.schemas.answers import errors
from kpi_platform.web.schemas.past import PastAnswer, PastBody

router = APIRouter(prefix="/past", tags=["runs"])
_writing = Depends(require_scope("write"))


@router.get("")
def show_past(connection: ConnectionDep, customer: CustomerDep) -> PastAnswer:
    """Returns how far the weeks before the first load are."""
    return past_answer(connection, customer)


@router.post("", status_code=202, dependencies=[_writing], responses=errors(409))
def ask_past(body: PastBody, engine: EngineDep, customer: CustomerDep) -> PastAnswer:
    """Asks for the last `weeks` weeks before this one, from what was known then. They are computed in the
    background, behind everything else. Weeks that have a load are left as they are."""
    with engine.begin() as connection:
        ask_for_past(connection, customer, body.weeks, datetime.now(UTC))
        return past_answer(connection, customer)


@router.post("/cancel", dependencies=[_writing])
def cancel_whole_past(engine: EngineDep, customer: CustomerDep) -> PastAnswer:
    """Cancels the weeks that wait. The one that is being computed is loaded within seconds."""
    with engine.begin() as connection:
        cancel_past(connection, customer)
        return past_answer(connection, customer)


def past_answer(connection: sa.Connection, customer: str) -> PastAnswer:
    """Returns the customer's past as the API and the page show it."""
    past = get_past(connection, customer)
    if past is None:
        return PastAnswer(begins=None)
    return PastAnswer.model_validate({"begins": past.begins, **past.weeks})
