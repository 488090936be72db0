"""Signing in: with a token, or with a link that works once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.people import Person
from kpi_platform.dashboard.sessions import SESSION_LENGTH, start_session
from kpi_platform.dashboard.tokens import create_token, redeem_unused_token, verify_token
from kpi_platform.domain.settings import Scope
from kpi_platform.web.dependencies import CSRF_FIELD
from kpi_platform.web.refusals import NotSignedIn
from kpi_platform.web.sessions import Sessions

SIGN_IN_PROBLEMS = {
    "token": "This token is not known, has expired or was revoked.",
    "link": "This sign-in link was used already, or is too old. Ask whoever gave it to you for a new one.",
    "throttled": "Too many attempts. Wait a minute, then try again.",
    "ended": "Your session has ended. Sign in, and go on where you were.",
}
"""Why the page to sign in on is shown, by the reason in its address."""
LINK_LIFETIME = timedelta(minutes=15)
INVITATION_LIFETIME = timedelta(days=3)
"""How long the link of an invited person works: a mail waits over a weekend."""
LINK_PATH = "/sign-in/link"


def sign_in_link(
    configuration: Configuration,
    engine: sa.Engine,
    *,
    who: str,
    customer: str | None = None,
    scope: Scope = "admin",
    person: Person | None = None,
) -> str:
    """Returns an address that signs its first visitor in until the session ends: as `person`, or as the
    operator, or as one of a customer's people. It works once, within a quarter of an hour; that of a person
    within INVITATION_LIFETIME. Raises UnknownCustomer if there is no such customer."""
    name = "local operator" if customer is None else f"sign-in link of {customer}"
    lifetime = LINK_LIFETIME
    if person is not None:
        customer, scope, lifetime = person.customer, person.scope, INVITATION_LIFETIME
        name = f"sign-in link of {person.name}"
    with engine.begin() as connection:
        # The token's text goes nowhere: only the link, and then the session, represent it.
        _, token = create_token(
            connection,
            name=name,
            customer=customer,
            scope=scope,
            who=who,
            expires_at=datetime.now(UTC) + lifetime,
            single_session=True,
            person_id=person.id if person else None,
        )
        record_event(
            connection, who=who, action="token.create", target=f"token {token.id}",
            customer=customer, detail={"name": name, "scope": scope, "sign_in_link": True},
        )  # fmt: skip
    query = urlencode({"key": Sessions.of(configuration).sign_link(token.id)})
    return f"{configuration.web_url}{LINK_PATH}?{query}"


def redeem_link(engine: sa.Engine, token_id: int | None) -> str:
    """Returns the secret of a new session. Raises NotSignedIn for a link that is used, too old or forged
    (None)."""
    if token_id is not None:
        with engine.begin() as connection:
            expires_at = datetime.now(UTC) + SESSION_LENGTH
            token = redeem_unused_token(connection, token_id, expires_at=expires_at)
            if token is not None:
                return start_session(connection, token.id)
    raise NotSignedIn(
        "This sign-in link was used already, or is too old.",
        next_step="Make a new one with `kpi-platform sign-in`, or sign in with a token.",
    )


def sign_in_with_token(engine: sa.Engine, text: str) -> str:
    """Returns the secret of a new session. Raises NotSignedIn if `text` is no token that may be used."""
    with engine.begin() as connection:
        token = verify_token(connection, text)
        if token is not None:
            return start_session(connection, token.id)
    raise NotSignedIn(
        "This token is not known, has expired or was revoked.",
        next_step="Check it, or make a new one: kpi-platform token create",
    )


class Kept(BaseModel):
    """A form that was sent when its session had ended: where to, the fields, and which customer it is about.
    It waits in the page to sign in on, and nowhere else."""

    action: str
    fields: list[tuple[str, str]]
    about: str | None


def keep(action: str, typed: Sequence[tuple[str, str]]) -> str:
    """Returns the text of a Kept, for a hidden field; empty if the form has no fields. The form token stays
    behind, for it has ended."""
    _, _, about = dict(typed).get(CSRF_FIELD, "").partition(".")
    fields = [(name, value) for name, value in typed if name != CSRF_FIELD]
    return Kept(action=action, fields=fields, about=about or None).model_dump_json() if fields else ""


def read_kept(text: str) -> Kept | None:
    """Returns what `keep` has written; None for anything else."""
    try:
        kept = Kept.model_validate_json(text)
    except ValidationError:
        return None
    return kept if local_path(kept.action) == kept.action else None


def local_path(target: str) -> str:
    """Returns `target` if it is a path of ours, else the first page: no form leads to another site."""
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if ours else "/"
