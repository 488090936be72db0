"""Connect cards, and the page behind one.

The owner of the source signs in there, and its secret goes nowhere else. The sample sources have no secret;
one click completes the setup.
"""

import secrets
from datetime import timedelta
from html import escape
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field

from kpi_platform.local.account import Fivetran, LocalFivetran
from kpi_platform.local.responses import Answer, ApiError, FivetranBody, success
from kpi_platform.local.state import StoredConnection, now

router = APIRouter(prefix="/connect-card")
cards = APIRouter()
CARD_LIFETIME = timedelta(days=1)

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1rem }}</style></head>
<body><main><h1>{title}</h1>{body}</main></body>
</html>"""


class ConnectCardConfig(FivetranBody):
    redirect_uri: Annotated[str, Field(pattern="^https?://")]
    hide_setup_guide: bool | None = None
    all_fields: bool | None = None


class ConnectCardRequest(FivetranBody):
    connect_card_config: ConnectCardConfig


@cards.post("/{connection_id}/connect-card")
def create_connect_card(
    fivetran: Fivetran, request: Request, connection_id: str, body: ConnectCardRequest
) -> Answer:
    card = new_card(fivetran, request, connection_id, body.connect_card_config)
    shown = {"connector_id": connection_id, "connection_id": connection_id, "connect_card": card}
    return success(shown | body.given())


def new_card(
    fivetran: LocalFivetran, request: Request, connection_id: str, config: ConnectCardConfig
) -> Answer:
    """Returns a card for a day, in place of the one before."""
    token = secrets.token_urlsafe(24)
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        connection.connect_card_token = token
        connection.connect_card_expires_at = now() + CARD_LIFETIME
        connection.connect_card_redirect_uri = config.redirect_uri
        fivetran.store.save(connection)
    return {"token": token, "uri": str(request.url_for("show_connect_card").include_query_params(auth=token))}


@router.get("/setup")
def show_connect_card(fivetran: Fivetran, auth: str) -> HTMLResponse:
    connection = _of_token(fivetran, auth)
    return _page(
        f"Connect {connection.service}",
        f"<p>Connection <code>{escape(connection.id)}</code> lands in the schema"
        f" <code>{escape(connection.schema_name)}</code>. This is the local Fivetran: its sample source has"
        f' no password.</p><form method="post"><button>Authorize and save</button></form>',
    )


@router.post("/setup")
def complete_connect_card(fivetran: Fivetran, auth: str) -> Response:
    """Completes the setup; the card is used up."""
    with fivetran.store.lock:
        connection = _of_token(fivetran, auth)
        connection.setup_state, connection.connect_card_token = "connected", None
        fivetran.store.save(connection)
    if connection.connect_card_redirect_uri:
        separator = "&" if "?" in connection.connect_card_redirect_uri else "?"
        target = f"{connection.connect_card_redirect_uri}{separator}id={connection.id}"
        return RedirectResponse(target, status_code=303)
    return _page("Connected", f"<p>Connection <code>{escape(connection.id)}</code> is set up.</p>")


def _of_token(fivetran: LocalFivetran, token: str) -> StoredConnection:
    for connection in fivetran.store.all(StoredConnection):
        expires = connection.connect_card_expires_at
        if token and connection.connect_card_token == token and expires and expires > now():
            return connection
    raise ApiError(403, "Forbidden", "The connect card is used up or older than a day. Ask for a new one.")


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=escape(title), body=body))
