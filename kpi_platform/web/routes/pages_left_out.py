"""The accounts of Salesforce that do not count, one by one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from kpi_platform.dashboard.account_counts import account_counts
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.account_counts import AccountCounts
from kpi_platform.web.dependencies import ConfigurationDep, CustomerDep, EngineDep, HeavyTurnsDep
from kpi_platform.web.explaining import WAIT_SECONDS
from kpi_platform.web.page import CustomerPageDep
from kpi_platform.web.problems import shown_on

if TYPE_CHECKING:
    from kpi_platform.pipeline.left_out_accounts import LeftOutAccount

router = APIRouter(include_in_schema=False)

_ROWS = 200


@router.get("/accounts/left-out")
def show_left_out_accounts(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    turns: HeavyTurnsDep,
) -> HTMLResponse:
    """Shows the first accounts that the newest build left out, each with its reason; or why that cannot be
    said now."""
    # dbt's adapters take a second to import, and few processes ever need them.
    from kpi_platform.pipeline.left_out_accounts import left_out_accounts

    with reading(engine) as connection:
        built = account_counts(connection, [customer]).get(customer)
    counts = built.counts if built else AccountCounts()
    accounts: Sequence[LeftOutAccount] = ()
    with shown_on(page) as problem:
        if counts.left_out:
            with turns.take(customer):
                accounts = left_out_accounts(
                    configuration, engine, customer, limit=_ROWS, wait_seconds=WAIT_SECONDS
                )
    return page.show(
        "left_out.html",
        problem.status,
        built=built,
        counts=counts,
        accounts=accounts,
        problem=problem.error,
    )
