"""Delivery of webhooks: signed, in the background, tried again while the receiver does not take them."""

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from kpi_platform.local.state import Connection, Store, Sync, Webhook

SIGNATURE_HEADER = "X-Fivetran-Signature-256"
EVENTS = (
    "sync_start", "sync_end", "status", "create_connector", "edit_connector", "delete_connector",
    "pause_connector", "resume_connector", "force_update_connector", "resync_connector",
    "connection_successful", "connection_failure", "dbt_run_start", "dbt_run_succeeded", "dbt_run_failed",
)  # fmt: skip
"""What Fivetran takes. The local one sends the first two."""

_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
_log = logging.getLogger(__name__)


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 of the raw body, in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Webhooks:
    """Sends events to the webhooks of the account and of the connection's group."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._closing = threading.Event()

    def emit(self, event: str, connection: Connection, sync: Sync, data: Mapping[str, Any]) -> None:
        payload = {
            "event": event,
            "created": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "connector_type": connection.service,
            "connector_id": connection.id,
            "connector_name": connection.schema_name,
            "sync_id": sync.id,
            "destination_group_id": connection.group_id,
            "data": dict(data),
        }
        for webhook in self._store.all(Webhook):
            ours = webhook.group_id in (None, connection.group_id)
            if webhook.active and event in webhook.events and ours:
                threading.Thread(target=self._deliver, args=(webhook, payload), daemon=True).start()

    def test(self, webhook: Webhook, event: str) -> tuple[bool, int | None, str]:
        """Sends a made-up event once, and says whether, and with which status, it was taken."""
        payload = {
            "event": event,
            "created": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "connector_type": "test",
            "connector_id": "test_connector",
            "connector_name": "test",
            "sync_id": "test_sync",
            "destination_group_id": webhook.group_id or "test_group",
            "data": {"status": "SUCCESSFUL"} if event == "sync_end" else {},
        }
        try:
            response = _post(webhook, payload)
        except httpx.HTTPError as cause:
            return False, None, str(cause)
        return response.is_success, response.status_code, response.reason_phrase

    def close(self) -> None:
        """Gives up on deliveries that are waiting for another try."""
        self._closing.set()

    def _deliver(self, webhook: Webhook, payload: Mapping[str, Any]) -> None:
        for wait in (*_WAITS, None):
            try:
                response = _post(webhook, payload)
                if response.is_success:
                    return
                reason = f"status {response.status_code}"
            except httpx.HTTPError as cause:
                reason = str(cause)
            if wait is None or self._closing.wait(wait):
                _log.warning("Webhook %s was not taken by %s: %s", webhook.id, webhook.url, reason)
                return


def _post(webhook: Webhook, payload: Mapping[str, Any]) -> httpx.Response:
    body = json.dumps(payload, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json"}
    if webhook.secret:
        headers[SIGNATURE_HEADER] = signature(webhook.secret, body)
    return httpx.post(webhook.url, content=body, headers=headers, timeout=10)
