"""The page to sign in on."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from kpi_platform.web.page import Page
from kpi_platform.web.sign_in import SIGN_IN_PROBLEMS

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def show_sign_in(
    request: Request,
    failed: Annotated[str, Query(max_length=20)] = "",
    target: Annotated[str, Query(alias="next", max_length=500)] = "/",
) -> HTMLResponse:
    """Returns the form; `failed` says why it is shown again."""
    return Page(request, None).show(
        "sign_in.html", problem=SIGN_IN_PROBLEMS.get(failed), target=target, kept=""
    )
