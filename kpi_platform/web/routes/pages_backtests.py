"""The page Back-test: ask whether the score foretells who leaves, follow it, read it, act on its advice."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kpi_platform.dashboard.accounts import ids_by_external_id
from kpi_platform.dashboard.backtests import (
    add_backtest,
    end_backtest,
    get_backtest,
    list_backtests,
    report_of_backtest,
)
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.previews import StoredPreview
from kpi_platform.dashboard.settings_versions import settings_history
from kpi_platform.domain.backtest.report import BacktestReport
from kpi_platform.domain.backtest.spec import MOST_DAYS, BacktestSpec
from kpi_platform.domain.backtest.words import sentences
from kpi_platform.domain.errors import KpiPlatformError, NotFound
from kpi_platform.pipeline.backtest.take_advice import save_advice
from kpi_platform.pipeline.change_settings import SettingsChange
from kpi_platform.web.dependencies import (
    BacktestKeeperDep,
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
from kpi_platform.web.routes.backtests import BacktestId
from kpi_platform.web.routes.pages_preview import show_preview

router = APIRouter(prefix="/backtests", include_in_schema=False)
_writing = Depends(require_scope("write"))
_TWO_YEARS = timedelta(days=730)
_SHOWN = 50
EVERY = ("1 month", "3 months", "14 days", "7 days")


@dataclass(frozen=True, slots=True)
class AdviceTaken:
    """The result of what was done with the advice."""

    saved: SettingsChange | None = None
    preview: StoredPreview | None = None
    problem: KpiPlatformError | None = None


_NOT_TAKEN = AdviceTaken()


@router.get("")
def show_backtests(page: CustomerPageDep, connection: ConnectionDep, customer: CustomerDep) -> HTMLResponse:
    """Shows the form, and the back-tests that are kept."""
    return _show_list(page, connection, customer)


@router.post("", dependencies=[_writing])
def ask_for_backtest(
    page: CustomerPageDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    keeper: BacktestKeeperDep,
    first: Annotated[date, Form()],
    last: Annotated[date, Form()],
    horizon_days: Annotated[int, Form(ge=1, le=MOST_DAYS)],
    every: Annotated[str, Form(max_length=20)],
    gap_days: Annotated[int, Form(ge=0, le=MOST_DAYS)] = 0,
    settings_version: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Begins a back-test and leads to its page; or says why there is none, above the form. Version 0 is the
    newest."""
    try:
        spec = BacktestSpec(
            datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC), every,
            horizon_days, gap_days, settings_version or None,
        )  # fmt: skip
        with engine.begin() as connection:
            asked = add_backtest(connection, customer, spec, who=principal.name)
    except KpiPlatformError as error:
        with reading(engine) as connection:
            return _show_list(page, connection, customer, error)
    keeper.start(asked.id)
    return RedirectResponse(f"/backtests/{asked.id}", 303)


@router.get("/compare")
def show_comparison(
    page: CustomerPageDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    one: Annotated[str, Query(min_length=1, max_length=64)],
    other: Annotated[str, Query(min_length=1, max_length=64)],
) -> HTMLResponse:
    """Shows two back-tests side by side."""
    sides = []
    for each in (one, other):
        report = report_of_backtest(connection, customer, each)
        if report is None:
            raise NotFound(
                "A back-test without a report cannot be compared.", next_step="Choose two that are done."
            )
        sides.append((get_backtest(connection, customer, each), report))
    (first, _), (second, _) = sides
    return page.show("backtest_compare.html", sides=sides, same_question=first.asks_the_same_as(second))


@router.get("/{backtest_id}")
def show_backtest(
    backtest_id: BacktestId, page: CustomerPageDep, connection: ConnectionDep, customer: CustomerDep
) -> HTMLResponse:
    """Shows how far it is, or the report."""
    return _show_one(page, connection, customer, backtest_id)


@router.post("/{backtest_id}/cancel", dependencies=[_writing])
def cancel_backtest(
    backtest_id: BacktestId, page: CustomerPageDep, engine: EngineDep, customer: CustomerDep
) -> HTMLResponse:
    """Cancels it; its process ends within a second. One that has ended stays as it is."""
    with engine.begin() as connection:
        get_backtest(connection, customer, backtest_id)
        end_backtest(connection, backtest_id, "cancelled")
    with reading(engine) as connection:
        return _show_one(page, connection, customer, backtest_id)


@router.post("/{backtest_id}/preview", dependencies=[_writing])
def preview_advice(
    backtest_id: BacktestId,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    turns: HeavyTurnsDep,
) -> HTMLResponse:
    """Begins to compute what the advised weights would change, by account."""
    change = save_advice(configuration, engine, customer, backtest_id, by=principal.editor, dry_run=True)
    preview_id = start_preview(configuration, engine, turns, customer, change.settings, "health_score")
    if page.is_fragment:
        return show_preview(page, engine, customer, preview_id)
    # Without a script nothing asks again.
    outcome = AdviceTaken(preview=wait_for_preview(engine, customer, preview_id))
    with reading(engine) as connection:
        return _show_one(page, connection, customer, backtest_id, outcome)


@router.post("/{backtest_id}/save", dependencies=[_writing])
def take_advice(
    backtest_id: BacktestId,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> HTMLResponse:
    """Saves the advised weights as a version of the settings, whose note names the back-test."""
    try:
        outcome = AdviceTaken(
            saved=save_advice(configuration, engine, customer, backtest_id, by=principal.editor)
        )
    except NotFound:
        raise
    except KpiPlatformError as error:
        outcome = AdviceTaken(problem=error)
    with reading(engine) as connection:
        return _show_one(page, connection, customer, backtest_id, outcome)


def _show_list(
    page: Page, connection: sa.Connection, customer: str, problem: KpiPlatformError | None = None
) -> HTMLResponse:
    today = datetime.now(UTC).date()
    return page.show(
        "backtests.html",
        200 if problem is None else problem.http_status,
        backtests=list_backtests(connection, customer, limit=_SHOWN),
        versions=settings_history(connection, customer),
        every=EVERY,
        first=(today - _TWO_YEARS).replace(day=1),
        last=today,
        problem=problem,
    )


def _show_one(
    page: Page,
    connection: sa.Connection,
    customer: str,
    backtest_id: str,
    outcome: AdviceTaken = AdviceTaken(),
) -> HTMLResponse:
    found = get_backtest(connection, customer, backtest_id)
    report = report_of_backtest(connection, customer, backtest_id)
    others = [
        one for one in list_backtests(connection, customer) if one.state == "done" and one.id != found.id
    ]
    return page.show(
        "_backtest.html" if page.is_fragment else "backtest.html",
        200 if outcome.problem is None else outcome.problem.http_status,
        backtest=found,
        report=report,
        said=sentences(report, found.horizon_days) if report else [],
        accounts=_accounts(connection, customer, report),
        others=others,
        outcome=outcome,
        job=outcome.preview,
    )


def _accounts(connection: sa.Connection, customer: str, report: BacktestReport | None) -> dict[str, int]:
    """Returns the accounts of the dashboard that the report names, by their ids at the source."""
    wanted = [one.account_id for one in report.missed] if report else []
    return ids_by_external_id(connection, customer, wanted)
