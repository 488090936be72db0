"""Back-tests of the health score: ask, follow, cancel, read, compare."""

from datetime import UTC, datetime, time
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query

from kpi_platform.dashboard.backtests import (
    add_backtest,
    end_backtest,
    get_backtest,
    list_backtests,
    report_of_backtest,
)
from kpi_platform.domain.backtest.spec import BacktestSpec
from kpi_platform.web.dependencies import (
    BacktestKeeperDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.schemas.answers import Limit, Offset, errors
from kpi_platform.web.schemas.backtests import (
    BacktestAnswer,
    BacktestBody,
    BacktestComparison,
    BacktestReportAnswer,
)

router = APIRouter(prefix="/backtests", tags=["backtests"])

_LONGEST_ID = 64
BacktestId = Annotated[str, Path(min_length=1, max_length=_LONGEST_ID)]
_Named = Annotated[str, Query(min_length=1, max_length=_LONGEST_ID, description="Id of a back-test.")]


@router.post("", status_code=202, dependencies=[Depends(require_scope("write"))], responses=errors(404, 409))
def ask_backtest(
    body: BacktestBody,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    keeper: BacktestKeeperDep,
) -> BacktestAnswer:
    """Ask for a back-test. It is computed in the background, and kept; the dashboard's values stay as they
    are."""
    spec = BacktestSpec(
        datetime.combine(body.first, time(), UTC), datetime.combine(body.last, time(), UTC),
        body.every, body.horizon_days, body.gap_days, body.settings_version,
    )  # fmt: skip
    with engine.begin() as connection:
        asked = add_backtest(connection, customer, spec, who=principal.name)
    keeper.start(asked.id)
    return BacktestAnswer.model_validate(asked)


@router.get("")
def get_backtests(
    connection: ConnectionDep, customer: CustomerDep, limit: Limit = 50, offset: Offset = 0
) -> list[BacktestAnswer]:
    """Returns the back-tests that are kept, newest first."""
    found = list_backtests(connection, customer, limit=limit, offset=offset)
    return [BacktestAnswer.model_validate(one) for one in found]


@router.get("/compare", responses=errors(404))
def compare_backtests(
    one: _Named, other: _Named, connection: ConnectionDep, customer: CustomerDep
) -> BacktestComparison:
    """Returns two back-tests side by side, of two versions of the settings for example."""
    first, second = (get_backtest(connection, customer, each) for each in (one, other))
    return BacktestComparison(
        one=with_report(connection, customer, one),
        other=with_report(connection, customer, other),
        same_question=first.asks_the_same_as(second),
    )


@router.get("/{backtest_id}", responses=errors(404))
def get_one_backtest(
    backtest_id: BacktestId, connection: ConnectionDep, customer: CustomerDep
) -> BacktestReportAnswer:
    """Returns a back-test with its report."""
    return with_report(connection, customer, backtest_id)


@router.post("/{backtest_id}/cancel", dependencies=[Depends(require_scope("write"))], responses=errors(404))
def cancel_backtest(backtest_id: BacktestId, engine: EngineDep, customer: CustomerDep) -> BacktestAnswer:
    """Cancel a back-test; its process ends within a second. One that has ended stays as it is."""
    with engine.begin() as connection:
        get_backtest(connection, customer, backtest_id)
        end_backtest(connection, backtest_id, "cancelled")
        return BacktestAnswer.model_validate(get_backtest(connection, customer, backtest_id))


def with_report(connection: sa.Connection, customer: str, backtest_id: str) -> BacktestReportAnswer:
    found = BacktestAnswer.model_validate(get_backtest(connection, customer, backtest_id))
    report = report_of_backtest(connection, customer, backtest_id)
    return BacktestReportAnswer(**found.model_dump(), report=report)
