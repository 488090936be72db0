"""The accounts that a page or an answer is about: everybody's, or those of whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Query

from kpi_platform.dashboard.account_reading import account_ids
from kpi_platform.dashboard.people import get_person
from kpi_platform.dashboard.shown_accounts import AccountFilter
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.web.dependencies import ConnectionDep, CurrentPrincipal, CustomerDep, Principal


@dataclass(frozen=True, slots=True)
class AccountScope:
    """`name` is how an address names it: `all` or `mine`. `wanted` finds its accounts."""

    name: str
    label: str
    wanted: AccountFilter


EVERYBODY = AccountScope("all", "Everybody", AccountFilter())


def scopes_of(connection: sa.Connection, principal: Principal) -> Sequence[AccountScope]:
    """Returns the scopes that `principal` can choose from. Mine are the accounts whose customer success
    manager has my e-mail address; a token without a person has none."""
    if principal.person_id is None:
        return (EVERYBODY,)
    email = get_person(connection, principal.person_id).email
    return (AccountScope("mine", "Mine", AccountFilter(csm_email=email)), EVERYBODY)


def usual_scope(connection: sa.Connection, customer: str, scopes: Sequence[AccountScope]) -> AccountScope:
    """Returns what a page shows if nothing was chosen: mine if there are such accounts, else everybody's."""
    first = scopes[0]
    return first if first is EVERYBODY or len(account_ids(connection, customer, first.wanted)) else EVERYBODY


def _scope(
    connection: ConnectionDep,
    principal: CurrentPrincipal,
    customer: CustomerDep,  # noqa: ARG001 - refuses those who may not see it, before anything is read
    scope: Annotated[
        str, Query(max_length=64, description="Whose accounts: `all`, or `mine` of a person's token.")
    ] = "all",
) -> AccountScope:
    known = {one.name: one for one in scopes_of(connection, principal)}
    if scope not in known:
        raise InvalidInput(
            f"There is no scope '{scope}' for you.", next_step=f"Use one of {', '.join(known)}."
        )
    return known[scope]


ScopeDep = Annotated[AccountScope, Depends(_scope)]
"""Of the API. Raises InvalidInput for a scope that the caller does not have."""
