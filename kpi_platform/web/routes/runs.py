"""Runs of the orchestrator: their history, how they stand, and cancelling one."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.runs import Run, count_runs, get_run, list_runs
from kpi_platform.domain.runs import STEP_TITLES
from kpi_platform.pipeline.cancel import cancel_run, may_cancel
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    Principal,
    require_scope,
)
from kpi_platform.web.schemas.answers import Limit, Offset, errors
from kpi_platform.web.schemas.runs import RunAnswer, RunsAnswer, RunStepAnswer

router = APIRouter(prefix="/runs", tags=["runs"])

RunId = Annotated[str, Path(min_length=1, max_length=64)]


@router.get("")
def get_runs(
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    limit: Limit = 50,
    offset: Offset = 0,
) -> RunsAnswer:
    """Returns the customer's runs, newest first, whatever has started them."""
    found = list_runs(connection, customer, limit=limit, offset=offset)
    runs = [run_answer(configuration, principal, one) for one in found]
    return RunsAnswer(total=count_runs(connection, customer), limit=limit, offset=offset, runs=runs)


@router.get("/{run_id}", responses=errors(404))
def get_one_run(
    run_id: RunId,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> RunAnswer:
    """Returns one run."""
    return run_answer(configuration, principal, get_run(connection, customer, run_id))


@router.post(
    "/{run_id}/cancel",
    status_code=202,
    dependencies=[Depends(require_scope("write"))],
    responses=errors(403, 404, 409),
)
def cancel_one_run(
    run_id: RunId,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> RunAnswer:
    """Cancel a run that waits or is under way. It ends within seconds; nothing is half loaded. A sync that
    Fivetran has begun goes on there. A run of several customers is the operator's to cancel."""
    with engine.begin() as connection:
        run = cancel_run(connection, customer, run_id, who=principal.name, is_operator=principal.operator)
    return run_answer(configuration, principal, run)


def run_answer(configuration: Configuration, principal: Principal, run: Run) -> RunAnswer:
    """Returns the run as the API and the pages show it."""
    steps = [
        RunStepAnswer(**asdict(one), title=STEP_TITLES.get(one.name, one.name), seconds=one.seconds)
        for one in run.steps
    ]
    known = {name: getattr(run, name) for name in RunAnswer.model_fields if hasattr(run, name)}
    return RunAnswer(
        **{**known, "steps": steps},
        may_cancel=principal.may("write") and may_cancel(run, is_operator=principal.operator),
        run_url=configuration.run_url(run.id),
    )
