"""Webhooks of the account and of a group."""

import uuid
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from kpi_platform.local.account import Fivetran, LocalFivetran
from kpi_platform.local.responses import Answer, ApiError, Cursor, Limit, page, success, timestamp
from kpi_platform.local.state import Webhook
from kpi_platform.local.webhooks import EVENTS

router = APIRouter(prefix="/v1/webhooks")


class NewWebhook(BaseModel):
    url: str
    events: list[str] = ["sync_end"]
    active: bool = True
    secret: str | None = None


class WebhookChange(BaseModel):
    url: str | None = None
    events: list[str] | None = None
    active: bool | None = None
    secret: str | None = None


class WebhookTest(BaseModel):
    event: str = "sync_end"


@router.get("")
def list_webhooks(fivetran: Fivetran, limit: Limit = 100, cursor: Cursor = None) -> Answer:
    return page([_shown(webhook) for webhook in fivetran.store.all(Webhook)], limit, cursor)


@router.post("/account", status_code=201)
def create_account_webhook(fivetran: Fivetran, body: NewWebhook) -> Answer:
    return _create(fivetran, body, "account", None)


@router.post("/group/{group_id}", status_code=201)
def create_group_webhook(fivetran: Fivetran, group_id: str, body: NewWebhook) -> Answer:
    fivetran.group(group_id)
    return _create(fivetran, body, "group", group_id)


@router.get("/{webhook_id}")
def get_webhook(fivetran: Fivetran, webhook_id: str) -> Answer:
    return success(_shown(_webhook(fivetran, webhook_id)))


@router.patch("/{webhook_id}")
def change_webhook(fivetran: Fivetran, webhook_id: str, body: WebhookChange) -> Answer:
    with fivetran.store.lock:
        webhook = _webhook(fivetran, webhook_id)
        _check_events(body.events or [])
        webhook = webhook.model_copy(update=body.model_dump(exclude_none=True))
        fivetran.store.save(webhook)
    return success(_shown(webhook), "Webhook has been updated")


@router.delete("/{webhook_id}")
def delete_webhook(fivetran: Fivetran, webhook_id: str) -> Answer:
    _webhook(fivetran, webhook_id)
    fivetran.store.delete(Webhook, webhook_id)
    return success(message=f"Webhook with id '{webhook_id}' has been deleted")


@router.post("/{webhook_id}/test")
def test_webhook(fivetran: Fivetran, webhook_id: str, body: WebhookTest | None = None) -> Answer:
    event = (body or WebhookTest()).event
    _check_events([event])
    succeed, status, message = fivetran.webhooks.test(_webhook(fivetran, webhook_id), event)
    return success({"succeed": succeed, "status": status, "message": message})


def _create(
    fivetran: LocalFivetran, body: NewWebhook, kind: Literal["account", "group"], group_id: str | None
) -> Answer:
    _check_events(body.events)
    webhook = Webhook(
        id=f"webhook_{uuid.uuid4().hex[:12]}",
        type=kind,
        group_id=group_id,
        url=body.url,
        events=body.events,
        active=body.active,
        secret=body.secret,
    )
    fivetran.store.save(webhook)
    return success(_shown(webhook), "Webhook has been created")


def _check_events(events: list[str]) -> None:
    unknown = sorted(set(events) - set(EVENTS))
    if unknown:
        raise ApiError(400, "InvalidInput", f"Events are not known: {', '.join(unknown)}.")


def _webhook(fivetran: LocalFivetran, webhook_id: str) -> Webhook:
    webhook = fivetran.store.get(Webhook, webhook_id)
    if webhook is None:
        raise ApiError(404, "NotFound_Webhook", f"Webhook with id '{webhook_id}' doesn't exist.")
    return webhook


def _shown(webhook: Webhook) -> Answer:
    shown: Answer = {
        "id": webhook.id,
        "type": webhook.type,
        "url": webhook.url,
        "events": webhook.events,
        "active": webhook.active,
        "secret": "******" if webhook.secret else None,
        "created_at": timestamp(webhook.created_at),
        "created_by": "local",
    }
    return shown if webhook.group_id is None else shown | {"group_id": webhook.group_id}
