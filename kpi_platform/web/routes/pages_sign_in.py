"""The page to sign in on."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from kpi_platform.web.page import Page

router = APIRouter(include_in_schema=False)

_PROBLEMS = {
    "token": "This token is not known, has expired or was revoked.",
    "link": "This sign-in link was used already, or is too old. `kpi-platform sign-in` makes a new one.",
    "throttled": "Too many attempts. Wait a minute, then try again.",
}


@router.get("/sign-in")
def show_sign_in(
    request: Request,
    failed: Annotated[str, Query(max_length=20)] = "",
    target: Annotated[str, Query(alias="next", max_length=500)] = "/",
) -> HTMLResponse:
    """Returns the form; `failed` says why it is shown again."""
    return Page(request, None).show("sign_in.html", problem=_PROBLEMS.get(failed), target=target)
