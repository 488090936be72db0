"""The pages, put together."""

from fastapi import FastAPI


def register(app: FastAPI) -> None:
    """Adds every page's routes, the static files, and `app.state.error_page`."""
