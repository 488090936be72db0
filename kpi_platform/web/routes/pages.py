"""The pages, put together."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from kpi_platform.web.page import STATIC, error_page
from kpi_platform.web.routes import pages_account, pages_accounts, pages_sign_in


def register(app: FastAPI) -> None:
    """Adds every page's routes, the static files, and `app.state.error_page`."""
    app.state.error_page = error_page
    for page in (pages_sign_in, pages_accounts, pages_account):
        app.include_router(page.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
