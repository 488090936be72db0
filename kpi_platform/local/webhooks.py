"""The messages that webhooks get: of syncs, of changes to connections, and of what else Fivetran does."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kpi_platform.local.behaviour import Behaviour
from kpi_platform.local.deliveries import Deliveries, encoded, is_success, post
from kpi_platform.local.state import Store, StoredConnection, StoredWebhook, Sync

EVENTS = (
    "sync_start", "sync_end", "status", "create_connector", "edit_connector", "delete_connector",
    "pause_connector", "resume_connector", "force_update_connector", "resync_connector", "resync_table",
    "connection_successful", "connection_failure", "dbt_run_start", "dbt_run_succeeded", "dbt_run_failed",
    "transformation_run_start", "transformation_run_succeeded", "transformation_run_failed",
)  # fmt: skip
"""Events that a webhook may ask for. `status`, `dbt_*` and `transformation_*` never come by themselves
here."""

Payload = dict[str, Any]


class Webhooks:
    """Sends messages to the webhooks of the account and of the connection's group."""

    def __init__(self, store: Store, behaviour: Behaviour) -> None:
        self._store = store
        self._behaviour = behaviour
        self._deliveries = Deliveries(store, behaviour)
        self.close = self._deliveries.close

    def emit(
        self, event: str, connection: StoredConnection, data: Mapping[str, Any], sync: Sync | None = None
    ) -> None:
        """Sends an event of a connection, and of one of its syncs if there is one."""
        payload = _message(event) | self._of_connection(connection)
        if sync is not None:
            payload["sync_id"] = sync.id
        payload |= {"destination_group_id": connection.group_id, "data": dict(data)}
        self._send(payload, connection.group_id)

    def emit_of_group(self, event: str, group_id: str, data: Mapping[str, Any]) -> None:
        """Tells of something that is about no connection."""
        self._send(_message(event) | {"destination_group_id": group_id, "data": dict(data)}, group_id)

    def test(self, webhook: StoredWebhook, event: str) -> tuple[bool, int, str]:
        """Sends a message about no real connection, once. Returns whether it was taken, the status (0 if
        nobody answers) and the answer's text."""
        group = webhook.group_id or "_group_1"
        payload = _message(event) | {"connector_type": "_connector_1", "connector_id": "_connection_1"}
        if event == "test_event":
            payload["group_id"] = group
        else:
            data = {"status": "SUCCESSFUL"} if event == "sync_end" else {}
            payload |= {"connector_name": "_connection_1", "destination_group_id": group, "data": data}
            if event in ("sync_start", "sync_end"):
                payload["sync_id"] = "_sync_1"
        status, message = post(webhook, encoded(payload))
        return is_success(status), status, message

    def _send(self, payload: Payload, group_id: str) -> None:
        for webhook in self._store.all(StoredWebhook):
            wanted = payload["event"] in webhook.events and webhook.group_id in (None, group_id)
            if webhook.active and wanted:
                self._deliveries.send(webhook, payload)

    def _of_connection(self, connection: StoredConnection) -> Payload:
        prefix = self._behaviour.webhook_prefix
        return {
            "connector_type": connection.service,
            f"{prefix}_id": connection.id,
            f"{prefix}_name": connection.schema_name,
        }


def _message(event: str) -> Payload:
    return {"event": event, "created": datetime.now(UTC).isoformat().replace("+00:00", "Z")}
