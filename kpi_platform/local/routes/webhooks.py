"""Webhooks of the account and of a group."""

import uuid
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import AfterValidator, Field

from kpi_platform.local.account import USER_ID, Fivetran, LocalFivetran
from kpi_platform.local.masking import MASK
from kpi_platform.local.responses import (
    Answer,
    ApiError,
    Cursor,
    FivetranBody,
    Limit,
    page,
    success,
    timestamp,
)
from kpi_platform.local.state import StoredWebhook
from kpi_platform.local.webhooks import EVENTS

router = APIRouter(prefix="/v1/webhooks")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _event(name: str) -> str:
    if name not in EVENTS:
        raise ValueError(f"the event '{name}' is not known")
    return name


Event = Annotated[str, AfterValidator(_event)]
Events = Annotated[list[Event], Field(min_length=1)]


class NewWebhook(FivetranBody):
    url: str
    events: Events
    active: bool = True
    secret: str | None = None


class WebhookChange(FivetranBody):
    url: str | None = None
    events: Events | None = None
    active: bool | None = None
    secret: str | None = None


class WebhookTest(FivetranBody):
    event: Event


@router.get("")
def list_webhooks(fivetran: Fivetran, limit: Limit = 100, cursor: Cursor = None) -> Answer:
    return page([_shown(webhook) for webhook in fivetran.store.all(StoredWebhook)], limit, cursor)


@router.post("/account")
def create_account_webhook(fivetran: Fivetran, body: NewWebhook) -> Answer:
    return _create(fivetran, body, "account", None)


@router.post("/group/{group_id}")
def create_group_webhook(fivetran: Fivetran, group_id: str, body: NewWebhook) -> Answer:
    fivetran.group(group_id)
    return _create(fivetran, body, "group", group_id)


@router.get("/{webhook_id}")
def get_webhook(fivetran: Fivetran, webhook_id: str) -> Answer:
    return success(_shown(_webhook(fivetran, webhook_id)))


@router.patch("/{webhook_id}")
def change_webhook(fivetran: Fivetran, webhook_id: str, body: WebhookChange) -> Answer:
    changes = body.given()
    if not changes:
        raise ApiError(
            400, "InvalidInput", "At least one of url, events, active and secret must be specified."
        )
    before = _webhook(fivetran, webhook_id)
    webhook = before.model_copy(update=changes)
    _check_url(fivetran, webhook.url)
    if webhook.active and (not before.active or webhook.url != before.url):
        _check_answers(fivetran, webhook)
        webhook.failing_since = None
    with fivetran.store.lock:
        _webhook(fivetran, webhook_id)
        fivetran.store.save(webhook)
    return success(_shown(webhook), "Webhook has been updated")


@router.delete("/{webhook_id}")
def delete_webhook(fivetran: Fivetran, webhook_id: str) -> Answer:
    _webhook(fivetran, webhook_id)
    fivetran.store.delete(StoredWebhook, webhook_id)
    return success(message=f"Webhook with id '{webhook_id}' has been deleted")


@router.post("/{webhook_id}/test")
def test_webhook(fivetran: Fivetran, webhook_id: str, body: WebhookTest) -> Answer:
    succeed, status, message = fivetran.webhooks.test(_webhook(fivetran, webhook_id), body.event)
    return success({"succeed": succeed, "status": status, "message": message})


def _create(
    fivetran: LocalFivetran, body: NewWebhook, kind: Literal["account", "group"], group_id: str | None
) -> Answer:
    _check_url(fivetran, body.url)
    webhook = StoredWebhook(
        id=f"webhook_{uuid.uuid4().hex[:12]}",
        type=kind,
        group_id=group_id,
        url=body.url,
        events=body.events,
        active=body.active,
        secret=body.secret,
    )
    if webhook.active:
        _check_answers(fivetran, webhook)
    fivetran.store.save(webhook)
    return success(_shown(webhook), f"{kind.title()} webhook has been created")


def _check_url(fivetran: LocalFivetran, url: str) -> None:
    """Raises a 400 if the address is not https. On this machine http is enough if that is switched on."""
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname
    except ValueError:
        scheme, host = "", None
    here = host in LOOPBACK and fivetran.behaviour.loopback_webhooks
    if not host or not (scheme == "https" or (scheme == "http" and here)):
        raise ApiError(400, "InvalidInput", f"The webhook's url '{url}' must be a valid https address.")


def _check_answers(fivetran: LocalFivetran, webhook: StoredWebhook) -> None:
    """Raises a 400 if the receiver does not take a test message."""
    taken, _, answer = fivetran.webhooks.test(webhook, "test_event")
    if not taken:
        message = f"The webhook's url '{webhook.url}' did not take the test event: {answer}"
        raise ApiError(400, "InvalidInput", message)


def _webhook(fivetran: LocalFivetran, webhook_id: str) -> StoredWebhook:
    webhook = fivetran.store.get(StoredWebhook, webhook_id)
    if webhook is None:
        raise ApiError(404, "NotFound_Webhook", f"Webhook with id '{webhook_id}' doesn't exist.")
    return webhook


def _shown(webhook: StoredWebhook) -> Answer:
    shown: Answer = {
        "id": webhook.id,
        "type": webhook.type,
        "url": webhook.url,
        "events": webhook.events,
        "active": webhook.active,
        "created_at": timestamp(webhook.created_at),
        "created_by": USER_ID,
    }
    if webhook.secret:
        shown["secret"] = MASK
    return shown if webhook.group_id is None else shown | {"group_id": webhook.group_id}
