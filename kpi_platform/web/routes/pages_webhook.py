"""The status page's card about Fivetran: calls of this hour, and the webhook with what the operator does."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form
from fastapi.responses import RedirectResponse

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.fivetran_account import FivetranAccount, fivetran_account
from kpi_platform.dashboard.fivetran_calls import calls_this_hour
from kpi_platform.dashboard.fivetran_events import newest_message
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.pipeline.fivetran_webhook import (
    create_webhook,
    our_webhook,
    remove_webhook,
    test_webhook,
    webhook_url,
)
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    CurrentPrincipal,
    EngineDep,
    require_operator,
    require_scope,
)

router = APIRouter(
    prefix="/status/webhook",
    include_in_schema=False,
    dependencies=[Depends(require_operator), Depends(require_scope("admin"))],
)


@dataclass(frozen=True, slots=True)
class FivetranCard:
    """The operator's view of Fivetran. `address` is the one that a webhook would post to."""

    account: FivetranAccount
    calls: int
    limit: int
    blocked: bool
    newest: tuple[str, datetime] | None
    address: str


def fivetran_card(configuration: Configuration, connection: sa.Connection) -> FivetranCard:
    """Returns the card from recorded data: Fivetran is not asked."""
    now, account = datetime.now(UTC), fivetran_account(connection)
    return FivetranCard(
        account,
        calls_this_hour(connection, now),
        account.limit(configuration.fivetran_calls_per_hour),
        account.is_blocked(now),
        newest_message(connection),
        webhook_url(configuration),
    )


@router.post("")
def change_webhook(
    configuration: ConfigurationDep,
    engine: EngineDep,
    principal: CurrentPrincipal,
    action: Annotated[str, Form(max_length=10)],
) -> RedirectResponse:
    """Makes, tests or removes our webhook, and leads back to the status page, which says what came of it."""
    if action == "create":
        create_webhook(configuration, engine, who=principal.name)
        return RedirectResponse("/status?webhook=created#fivetran", 303)
    if action == "remove":
        remove_webhook(configuration, engine, our_webhook(engine), who=principal.name)
        return RedirectResponse("/status?webhook=removed#fivetran", 303)
    taken, words = test_webhook(configuration, engine)
    if not taken:
        raise KpiPlatformError(
            f"Fivetran's test was not taken: {words}",
            next_step=f"Fivetran must reach {webhook_url(configuration)} from outside.",
        )
    return RedirectResponse("/status?webhook=tested#fivetran", 303)
