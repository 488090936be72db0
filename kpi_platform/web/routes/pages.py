"""The pages, put together."""

from fastapi import FastAPI

from kpi_platform.web import static_files
from kpi_platform.web.error_page import error_page
from kpi_platform.web.routes import (
    pages_account,
    pages_accounts,
    pages_backtests,
    pages_custom_kpis,
    pages_explanation,
    pages_findings,
    pages_left_out,
    pages_matches,
    pages_onboarding,
    pages_people,
    pages_preview,
    pages_retention,
    pages_runs,
    pages_settings,
    pages_sign_in,
    pages_status,
    pages_sync,
    pages_tables,
    pages_today,
    pages_uploads,
    pages_versions,
    pages_webhook,
)

_PAGES = (
    pages_sign_in,
    pages_accounts,
    pages_today,
    pages_retention,
    pages_backtests,
    pages_left_out,
    pages_account,
    pages_explanation,
    pages_settings,
    pages_custom_kpis,
    pages_preview,
    pages_sync,
    pages_versions,
    pages_matches,
    pages_uploads,
    pages_tables,
    pages_runs,
    pages_status,
    pages_findings,
    pages_webhook,
    pages_onboarding,
    pages_people,
)


def register(app: FastAPI) -> None:
    """Adds every page's routes, the static files, and `app.state.error_page`."""
    app.state.error_page = error_page
    for page in _PAGES:
        app.include_router(page.router)
    app.include_router(static_files.router)
