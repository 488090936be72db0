"""One place that turns errors into answers: JSON for programs, a page for people."""

import logging
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kpi_platform.dashboard.database import require_current_schema
from kpi_platform.domain.damage import damage_of
from kpi_platform.domain.errors import (
    FivetranRefused,
    InvalidInput,
    KpiPlatformError,
    NotFound,
    Unavailable,
)
from kpi_platform.web.edge import request_id
from kpi_platform.web.refusals import retry_after
from kpi_platform.web.validation import in_words

_log = logging.getLogger(__name__)

_OF_STATUS = {404: ("not_found", "There is nothing at this address.")}
_OF_STATUS |= {405: ("method_not_allowed", "This address does not take this method.")}
_OF_STATUS |= {413: ("too_large", "The body of the request is too large.")}


class InternalError(KpiPlatformError):
    """An unexpected error. It says only the id under which the log has it."""

    code = "internal_error"


def register_error_handlers(app: FastAPI) -> None:
    """Adds the handlers of errors. `app.state.error_page` (request, error, status) → Response answers
    browsers, if pages set it."""
    app.add_exception_handler(KpiPlatformError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)


def answer_unhandled(request: Request, error: Exception) -> Response:
    """Returns the answer to what no handler took."""
    if isinstance(error, HTTPException):
        return _http(request, error)
    if isinstance(error, KpiPlatformError):
        return _expected(request, error)
    damage = damage_of(error, request.app.state.configuration.home)
    return _unexpected(request, error) if damage is None else _expected(request, damage)


def error_body(error: KpiPlatformError) -> dict[str, Any]:
    """Returns the JSON of an error."""
    return {"error": {"code": error.code, "message": str(error), "details": error.details}}


def note_error(request: Request, error: KpiPlatformError) -> None:
    """Writes to the log what is not the request's fault."""
    if _status(error) >= 500:
        text = f"{error.operator_message} {error.next_step}".strip()
        _log.warning("[%s] %s", request_id(request), text, exc_info=error.__cause__)


def _status(error: KpiPlatformError) -> int:
    """Whether a refusal of Fivetran is the request's fault (an unknown connection, a taken schema); a refusal
    of our key is not."""
    if isinstance(error, FivetranRefused) and error.details.get("status") in (400, 404, 409, 422):
        return 409
    return error.http_status


def _answer(request: Request, error: KpiPlatformError, status: int | None = None) -> Response:
    status = status or _status(error)
    headers = retry_after(error)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    error_page = getattr(request.app.state, "error_page", None)
    if error_page is not None and _wants_page(request):
        page: Response = error_page(request, error, status)
        page.headers.update({name: value for name, value in headers.items() if name != "WWW-Authenticate"})
        return page
    return JSONResponse(error_body(error), status, headers)


def _wants_page(request: Request) -> bool:
    headers = request.headers
    wants = "hx-request" in headers or "text/html" in headers.get("accept", "")
    return wants and not request.url.path.startswith("/api")


def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, KpiPlatformError)
    note_error(request, error)
    return _answer(request, error.for_operator if getattr(request.state, "is_operator", False) else error)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [in_words(one) for one in error.errors()]
    lines = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
    return _answer(request, InvalidInput(f"The request is not valid. {lines}.", details={"errors": errors}))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = _OF_STATUS.get(error.status_code, ("invalid_input", str(error.detail)))
    answer = NotFound(message) if error.status_code == 404 else InvalidInput(message)
    answer.code = code
    response = _answer(request, answer, error.status_code)
    response.headers.update(error.headers or {})
    return response


def _database(request: Request, error: Exception) -> Response:
    """A statement failed: because of the state of the database as a whole, or nobody expected it."""
    try:
        require_current_schema(request.app.state.engine)
    except KpiPlatformError as reason:
        return _expected(request, reason)
    if not isinstance(error, OperationalError):
        return _unexpected(request, error)
    _log.error("[%s] The dashboard database does not answer.", request_id(request), exc_info=error)
    unavailable = Unavailable(
        "The dashboard database does not answer.", next_step="Try again in a moment.",
        details={"request_id": request_id(request)},
    )  # fmt: skip
    return _answer(request, unavailable)


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("[%s] %s %s failed.", request_id(request), request.method, request.url.path, exc_info=error)
    internal = InternalError(
        "Something went wrong on our side.",
        next_step=f"Tell the operator this request id: {request_id(request)}.",
        details={"request_id": request_id(request)},
    )
    return _answer(request, internal)
