"""The OpenAPI document: what FastAPI makes, less what is not so here."""

from typing import Any

from fastapi import FastAPI


def correct_openapi(app: FastAPI) -> None:
    """Invalid input is answered with 400 here, never with FastAPI's 422."""
    made = app.openapi

    def corrected() -> dict[str, Any]:
        fresh = app.openapi_schema is None
        document = made()
        if fresh:
            for operations in document["paths"].values():
                for operation in operations.values():
                    operation["responses"].pop("422", None)
            for name in ("HTTPValidationError", "ValidationError"):
                document["components"]["schemas"].pop(name, None)
        return document

    app.openapi = corrected  # type: ignore[method-assign]
