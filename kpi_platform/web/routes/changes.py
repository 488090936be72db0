"""Changes of a customer's accounts between two instants and their reasons, health by week, what waits."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from kpi_platform.dashboard.accounts import Account
from kpi_platform.dashboard.uploads import get_upload
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.pipeline.changes import Facet, MovedAccount, changes_between, health_by_week
from kpi_platform.web.dependencies import ConfigurationDep, ConnectionDep, CurrentPrincipal, CustomerDep
from kpi_platform.web.schemas.answers import Instant, Limit, errors
from kpi_platform.web.schemas.changes import ChangesAnswer, HealthWeekAnswer, WaitingAnswer
from kpi_platform.web.scopes import ScopeDep
from kpi_platform.web.waiting import waiting_for

router = APIRouter(tags=["today"])


@router.get("/changes", responses=errors(404))
def get_changes(
    connection: ConnectionDep,
    customer: CustomerDep,
    scope: ScopeDep,
    since: Annotated[Instant | None, Query(description="Compares from here (UTC) on.")] = None,
    since_load: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="Instead of `since`: from this upload on.")
    ] = None,
    until: Annotated[Instant | None, Query(description="Compares up to here (UTC); else with now.")] = None,
    limit: Limit = 50,
) -> ChangesAnswer:
    """Returns how many accounts are in each band, whose health got worse or better and why, which accounts
    are new or gone, and which values are there no more."""
    start = _start(since, get_upload(connection, customer, since_load).as_of if since_load else None)
    if until is not None and until < start:
        raise InvalidInput("`until` is before `since`.", next_step="Give the earlier instant as `since`.")
    found = changes_between(connection, customer, start, until, wanted=scope.wanted, limit=limit)
    return ChangesAnswer.model_validate(
        {
            "since": found.since,
            "until": until,
            "scope": scope.name,
            "is_arr": found.is_arr,
            "bands": {band: _facet(one) for band, one in found.facets.items()},
            "counts": found.counts,
            "worse": [_moved(one) for one in found.worse],
            "better": [_moved(one) for one in found.better],
            "new": [_account(one) for one in found.new],
            "gone": [_account(one) for one in found.gone],
            "lost": [{**_account(one.account), "values": one.values} for one in found.lost],
        }
    )


@router.get("/health-by-week")
def get_health_by_week(
    connection: ConnectionDep,
    customer: CustomerDep,
    scope: ScopeDep,
    weeks: Annotated[int, Query(ge=1, le=520, description="At most so many, the newest.")] = 52,
) -> list[HealthWeekAnswer]:
    """Returns how many accounts were in each band at the end of each week that had an upload, oldest
    first."""
    found = health_by_week(connection, customer, weeks, wanted=scope.wanted)
    return [HealthWeekAnswer.model_validate({"week": one.monday, "bands": one.bands}) for one in found]


@router.get("/waiting")
def get_waiting(
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> list[WaitingAnswer]:
    """Returns what waits for a person, the most urgent first: matches to review, a held load, sources,
    checks, set-up."""
    found = waiting_for(configuration, connection, customer, operator=principal.operator)
    return [WaitingAnswer.model_validate(one) for one in found]


def _start(since: datetime | None, load: datetime | None) -> datetime:
    start = since or load
    if start is None or (since and load):
        raise InvalidInput("Give `since` or `since_load`.", next_step="Add since=2026-03-01.")
    return start


def _account(account: Account) -> dict[str, Any]:
    return {
        name: getattr(account, name)
        for name in ("id", "name", "csm_name", "arr", "next_renewal_date", "revenue")
    }


def _moved(one: MovedAccount) -> dict[str, Any]:
    own = {name: getattr(one, name) for name in ("before", "after", "points", "reasons")}
    return {**_account(one.account), **own}


def _facet(one: Facet) -> dict[str, Any]:
    return {
        "accounts": one.now.accounts,
        "change": one.now.accounts - one.before.accounts,
        "money": one.now.money,
        "money_before": one.before.money,
    }
