"""Fivetran's webhooks. They only hasten what watching guarantees: one that is lost loses nothing."""

import hashlib
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from kpi_platform.adapters.fivetran_webhook import SECRET_VARIABLE, is_signed, takes_webhooks
from kpi_platform.dashboard.fivetran_events import note_event
from kpi_platform.web.dependencies import ConfigurationDep, EngineDep
from kpi_platform.web.refusals import NotSignedIn
from kpi_platform.web.schemas.answers import COMMON_ERRORS, Answer

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"], responses=COMMON_ERRORS)

_LONGEST = 64


class WebhookEvent(Answer):
    """The fields of Fivetran's message that we read. Which of them it has besides `event` depends on the
    event."""

    event: str = Field(examples=["sync_end"])
    sync_id: str | None = None
    connector_id: str | None = None
    connection_id: str | None = None


class WebhookAnswer(Answer):
    """accepted: the syncs are looked at now. duplicate: it had arrived before. ignored: an event that says of
    no sync that it has ended, such as the test that Fivetran makes of a new webhook."""

    outcome: Literal["accepted", "duplicate", "ignored"]


async def signed_body(
    request: Request,
    configuration: ConfigurationDep,
    x_fivetran_signature_256: Annotated[
        str | None, Header(description="HMAC-SHA256 of the raw body, in hexadecimal.")
    ] = None,
) -> bytes:
    """Returns the raw body, once its signature is found to be right."""
    body = await request.body()
    if not takes_webhooks(configuration):
        raise NotSignedIn(
            "Webhooks are not taken here yet.", next_step="The operator runs `kpi-platform webhook create`."
        )
    if not is_signed(configuration, body, x_fivetran_signature_256 or ""):
        raise NotSignedIn("The signature is missing or wrong.", next_step=f"Sign with {SECRET_VARIABLE}.")
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
    """Takes every rightly signed message, and has the syncs looked at within seconds after a `sync_end`."""
    message = _parsed(body)
    event = _text(message.get("event")) or "unknown"
    connection_id = _text(message.get("connector_id")) or _text(message.get("connection_id"))
    # Messages without a sync's id, and those with a long one, are distinguished by their content.
    sync_id = _text(message.get("sync_id"))
    if not 0 < len(sync_id) <= _LONGEST:
        sync_id = hashlib.sha256(body).hexdigest()

    def note() -> bool:
        with engine.begin() as connection:
            return note_event(
                connection, sync_id=sync_id, event=event[:_LONGEST], connection_id=connection_id[:200]
            )

    is_new = await run_in_threadpool(note)
    if event != "sync_end":
        return WebhookAnswer(outcome="ignored")
    return WebhookAnswer(outcome="accepted" if is_new else "duplicate")


def _parsed(body: bytes) -> dict[str, Any]:
    """Parses the message; empty if it is not valid. Its signature proves that it is Fivetran's all the
    same."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _text(value: Any) -> str:
    """Text that every database takes: no NUL, and no half of a surrogate pair."""
    return value.replace("\0", "").encode(errors="replace").decode() if isinstance(value, str) else ""
