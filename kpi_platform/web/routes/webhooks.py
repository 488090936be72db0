"""Fivetran's webhooks. They only hasten what watching guarantees: one that is lost loses nothing."""

import hashlib
import hmac
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, ValidationError

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.fivetran_events import note_event
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.web.dependencies import ConfigurationDep, EngineDep
from kpi_platform.web.refusals import NotSignedIn
from kpi_platform.web.schemas.answers import COMMON_ERRORS, Answer

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"], responses=COMMON_ERRORS)

SECRET_VARIABLE = "FIVETRAN_WEBHOOK_SECRET"  # noqa: S105


class WebhookEvent(Answer):
    """What we need of Fivetran's message; it holds more."""

    event: str = Field(max_length=64, examples=["sync_end"])
    sync_id: str = Field(min_length=1, max_length=64)
    connector_id: str = Field(min_length=1, max_length=200)


class WebhookAnswer(Answer):
    """duplicate: it had arrived before. ignored: an event that says of no sync that it has ended."""

    outcome: Literal["accepted", "duplicate", "ignored"]


async def signed_body(
    request: Request,
    configuration: ConfigurationDep,
    x_fivetran_signature_256: Annotated[
        str | None, Header(description="HMAC-SHA256 of the raw body, in hexadecimal.")
    ] = None,
) -> bytes:
    """The raw body, once its signature is found to be right."""
    body = await request.body()
    _require_signature(configuration, body, x_fivetran_signature_256 or "")
    return body


@router.post(
    "/fivetran",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": WebhookEvent.model_json_schema()}},
        }
    },
)
async def receive_webhook(body: Annotated[bytes, Depends(signed_body)], engine: EngineDep) -> WebhookAnswer:
    """Takes a signed `sync_end` and has the syncs looked at within seconds."""
    try:
        message = WebhookEvent.model_validate_json(body)
    except ValidationError as cause:
        raise InvalidInput("This is no message of Fivetran's webhooks.") from cause
    if message.event != "sync_end":
        return WebhookAnswer(outcome="ignored")

    def note() -> bool:
        with engine.begin() as connection:
            return note_event(
                connection, sync_id=message.sync_id, event=message.event, connection_id=message.connector_id
            )

    is_new = await run_in_threadpool(note)
    return WebhookAnswer(outcome="accepted" if is_new else "duplicate")


def _require_signature(configuration: Configuration, body: bytes, given: str) -> None:
    secret = configuration.get(SECRET_VARIABLE)
    if secret is None:
        raise NotSignedIn(
            "Webhooks are not taken here yet.", next_step=f"The operator sets {SECRET_VARIABLE}."
        )
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), given.strip().lower().encode()):
        raise NotSignedIn("The signature is missing or wrong.", next_step=f"Sign with {SECRET_VARIABLE}.")
