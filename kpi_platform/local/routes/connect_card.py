"""The page behind a connect card: the owner of the source signs in here, and its secret goes nowhere else.

The sample sources have no secret; one click completes the setup.
"""

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kpi_platform.local.account import Fivetran, LocalFivetran
from kpi_platform.local.responses import ApiError
from kpi_platform.local.state import Connection, now

router = APIRouter(prefix="/connect-card")

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1rem }}</style></head>
<body><main><h1>{title}</h1>{body}</main></body>
</html>"""


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


def _of_token(fivetran: LocalFivetran, token: str) -> Connection:
    for connection in fivetran.store.all(Connection):
        expires = connection.connect_card_expires_at
        if token and connection.connect_card_token == token and expires and expires > now():
            return connection
    raise ApiError(403, "Forbidden", "The connect card is used up or older than a day. Ask for a new one.")


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=escape(title), body=body))
