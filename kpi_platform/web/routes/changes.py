"""Changes of a customer's accounts since an instant, and their reasons."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from kpi_platform.dashboard.accounts import Account
from kpi_platform.pipeline.changes import MovedAccount, changes_since
from kpi_platform.web.dependencies import ConnectionDep, CustomerDep
from kpi_platform.web.schemas.answers import Instant, Limit
from kpi_platform.web.schemas.changes import ChangesAnswer

router = APIRouter(prefix="/changes", tags=["accounts"])


@router.get("")
def get_changes(
    connection: ConnectionDep,
    customer: CustomerDep,
    since: Annotated[Instant, Query(description="Compares the health as of here (UTC) with that of now.")],
    limit: Limit = 50,
) -> ChangesAnswer:
    """Returns whose health got worse or better and why, which accounts are new or gone, and which values are
    there no more."""
    found = changes_since(connection, customer, since, limit)
    return ChangesAnswer.model_validate(
        {
            "since": found.since,
            "worse_count": found.worse_count,
            "better_count": found.better_count,
            "worse": [_moved(one) for one in found.worse],
            "better": [_moved(one) for one in found.better],
            "new": [_account(one) for one in found.new],
            "gone": [_account(one) for one in found.gone],
            "lost": [{**_account(one), "values": values} for one, values in found.lost],
        }
    )


def _account(account: Account) -> dict[str, Any]:
    return {name: getattr(account, name) for name in ("id", "name", "csm_name")}


def _moved(one: MovedAccount) -> dict[str, Any]:
    own = {name: getattr(one, name) for name in ("before", "after", "points", "reasons")}
    return {**_account(one.account), **own}
