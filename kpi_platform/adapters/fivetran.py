"""Fivetran's REST API: the calls that we make."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from kpi_platform.adapters.fivetran_connection import Connection, as_mapping
from kpi_platform.adapters.fivetran_http import FivetranHttp
from kpi_platform.adapters.fivetran_webhook import Webhook
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import FivetranRefused, FivetranUnavailable

Naming = Literal["FIVETRAN_NAMING", "SOURCE_NAMING"]
ScheduleType = Literal["auto", "manual"]

CHANGE_SECONDS = 300.0
"""How long a change of a connection may take: Fivetran may test its set-up meanwhile."""

RELOAD_SECONDS = 600.0
"""How long Fivetran may take to ask a source for its tables."""


@dataclass(frozen=True, slots=True)
class CreatedConnection:
    """A created connection, and the page on which its source's owner signs in (None if not asked for)."""

    connection: Connection
    connect_card_url: str | None


class FivetranApi(FivetranHttp):
    """The calls of one account. Raises FivetranUnavailable and FivetranRefused (see FivetranHttp)."""

    # Connections

    def connections(self, *, group_id: str | None = None) -> list[Connection]:
        """Returns all connections of the account, or of one group: one request per 1,000. What Fivetran
        describes without an id is left out."""
        return [connection for page in self.connection_pages(group_id=group_id) for connection in page]

    def connection_pages(
        self, *, group_id: str | None = None, max_attempts: int | None = None
    ) -> Iterator[list[Connection]]:
        """Yields `connections` page by page: those before a page that fails are of use."""
        path = "connections" if group_id is None else f"groups/{_part(group_id)}/connections"
        for page in self.each_page(path, max_attempts=max_attempts):
            yield [Connection.from_details(item) for item in page if as_mapping(item).get("id")]

    def connection(self, connection_id: str) -> Connection:
        return Connection.from_details(self.request("GET", f"connections/{_part(connection_id)}"))

    def modify_connection(
        self,
        connection_id: str,
        *,
        paused: bool | None = None,
        sync_frequency: int | None = None,
        schedule_type: ScheduleType | None = None,
        daily_sync_time: str | None = None,
    ) -> Connection:
        """Changes what is given, without testing the set-up. `sync_frequency` is in minutes,
        `daily_sync_time` as "HH:00". An answer that says less than was asked for is completed by reading
        the connection. A change whose answer was lost is made again, once, only if the connection is read and
        found to be otherwise.
        """
        changes = {
            "paused": paused,
            "sync_frequency": sync_frequency,
            "schedule_type": schedule_type,
            "daily_sync_time": daily_sync_time,
        }
        wanted = {name: value for name, value in changes.items() if value is not None}
        answered = True
        try:
            found = self._patch_connection(connection_id, wanted)
        except FivetranUnavailable as lost:
            if not lost.details.get("unknown_outcome"):
                raise
            answered, found = False, self.connection(connection_id)
        if all(getattr(found, name) == value for name, value in wanted.items()):
            return found
        if answered:
            return self.connection(connection_id)
        return self._patch_connection(connection_id, wanted)

    def _patch_connection(self, connection_id: str, wanted: Mapping[str, Any]) -> Connection:
        # Fivetran tests the set-up unless it is asked not to: tens of seconds, and 50 an hour on trials.
        data = self.request(
            "PATCH", f"connections/{_part(connection_id)}", json={**wanted, "run_setup_tests": False},
            repeatable=False, timeout_seconds=CHANGE_SECONDS,
        )  # fmt: skip
        return Connection.from_details(data)

    def create_connection(
        self,
        *,
        service: str,
        group_id: str,
        config: Mapping[str, Any],
        paused: bool = True,
        sync_frequency: int | None = None,
        schedule_type: ScheduleType | None = None,
        naming: Naming | None = None,
        redirect_uri: str | None = None,
        hide_setup_guide: bool = False,
    ) -> CreatedConnection:
        """Creates a connection without the source's secret: its owner signs in on the connect card's page.

        `config` holds the schema and all that the source needs except secrets. A lost answer is not tried
        again, because the connection may exist.
        """
        body: dict[str, Any] = {
            "service": service,
            "group_id": group_id,
            "config": dict(config),
            "paused": paused,
            "run_setup_tests": False,
        }
        if sync_frequency is not None:
            body["sync_frequency"] = sync_frequency
        if schedule_type is not None:
            body["schedule_type"] = schedule_type
        if naming is not None:
            body["destination_schema_names"] = naming
        if redirect_uri is not None:
            body["connect_card_config"] = _card(redirect_uri, hide_setup_guide)
        try:
            data = self.request("POST", "connections", json=body, repeatable=False)
            created = Connection.from_details(data)
        except FivetranUnavailable as lost:
            if lost.details.get("unknown_outcome"):
                lost.next_step = (
                    f"Look in Fivetran whether the schema '{config.get('schema')}' has a connection now; "
                    "adopt it or delete it there."
                )
            raise
        return CreatedConnection(created, as_mapping(data.get("connect_card")).get("uri"))

    def connect_card(self, connection_id: str, *, redirect_uri: str, hide_setup_guide: bool = False) -> str:
        """Returns a page of Fivetran's, valid for a day, on which the owner of the source signs in."""
        body = {"connect_card_config": _card(redirect_uri, hide_setup_guide)}
        data = self.request("POST", f"connections/{_part(connection_id)}/connect-card", json=body)
        uri = as_mapping(data.get("connect_card")).get("uri")
        if not uri:
            raise FivetranUnavailable(
                f"Fivetran names no page on which to sign in for the connection '{connection_id}'.",
                next_step="Try again, or sign in on the connection's page in Fivetran.",
            )
        return str(uri)

    def delete_connection(self, connection_id: str) -> None:
        self.request("DELETE", f"connections/{_part(connection_id)}")

    def sync(self, connection_id: str, *, force: bool = False) -> None:
        """Starts a sync. One that runs already goes on, unless `force` ends it and starts another."""
        self.request("POST", f"connections/{_part(connection_id)}/sync", json={"force": force})

    # Schemas

    def schemas(self, connection_id: str, *, max_attempts: int | None = None) -> Mapping[str, Any]:
        """Returns the schema configuration by schema; empty before the first sync, when Fivetran has none."""
        path = f"connections/{_part(connection_id)}/schemas"
        try:
            data = self.request("GET", path, max_attempts=max_attempts)
        except FivetranRefused as refused:
            if refused.details.get("code") == "NotFound_SchemaConfig":
                return {}
            raise
        return as_mapping(data.get("schemas"))

    def reload_schemas(self, connection_id: str) -> Mapping[str, Any]:
        """Has Fivetran ask the source for its tables, also before the first sync; nothing is switched. May
        take minutes; refused before the set-up is complete."""
        path = f"connections/{_part(connection_id)}/schemas/reload"
        body = {"exclude_mode": "PRESERVE"}
        data = self.request("POST", path, json=body, repeatable=False, timeout_seconds=RELOAD_SECONDS)
        return as_mapping(data.get("schemas"))

    def update_schemas(
        self, connection_id: str, schemas: Mapping[str, tuple[bool, Mapping[str, bool]]]
    ) -> Mapping[str, Any]:
        """Switches tables on or off; `schemas` is schema → its own switch, and table → wanted. Answers the
        new ones, or less. An answer that was lost is not asked for again: read the schemas."""
        body = {
            "schemas": {
                schema: {
                    "enabled": on,
                    "tables": {table: {"enabled": wanted} for table, wanted in tables.items()},
                }
                for schema, (on, tables) in schemas.items()
            }
        }
        path = f"connections/{_part(connection_id)}/schemas"
        data = self.request("PATCH", path, json=body, repeatable=False, timeout_seconds=CHANGE_SECONDS)
        return as_mapping(data.get("schemas"))

    # Groups and webhooks

    def groups(self) -> list[Mapping[str, Any]]:
        return [item for item in self.pages("groups") if as_mapping(item).get("id")]

    def webhooks(self) -> list[Webhook]:
        return [Webhook.from_details(item) for item in self.pages("webhooks") if as_mapping(item).get("id")]

    def webhook(self, webhook_id: str) -> Webhook:
        return Webhook.from_details(self.request("GET", f"webhooks/{_part(webhook_id)}"))

    def create_webhook(
        self, url: str, *, secret: str, events: Sequence[str] = ("sync_end",), group_id: str | None = None
    ) -> Webhook:
        """Has Fivetran post `events` of the group (default: of the whole account) to `url`, signed. Fivetran
        posts a test there first, and makes no webhook unless that is answered with 200."""
        path = "webhooks/account" if group_id is None else f"webhooks/group/{_part(group_id)}"
        body = {"url": url, "events": list(events), "active": True, "secret": secret}
        return Webhook.from_details(self.request("POST", path, json=body, repeatable=False))

    def activate_webhook(self, webhook_id: str) -> Webhook:
        """Switches a webhook on again that Fivetran has switched off; tested first, as a new one."""
        path = f"webhooks/{_part(webhook_id)}"
        return Webhook.from_details(self.request("PATCH", path, json={"active": True}, repeatable=False))

    def test_webhook(self, webhook_id: str, event: str = "sync_end") -> tuple[bool, str]:
        """Has Fivetran post a made-up event: whether it was taken, and Fivetran's words for it."""
        data = self.request("POST", f"webhooks/{_part(webhook_id)}/test", json={"event": event})
        words = " ".join(str(data[name]) for name in ("status", "message") if data.get(name) is not None)
        return bool(data.get("succeed")), words

    def delete_webhook(self, webhook_id: str) -> None:
        self.request("DELETE", f"webhooks/{_part(webhook_id)}")


def open_fivetran(configuration: Configuration) -> FivetranApi:
    """Returns the account of the environment (see FIVETRAN_API_URL). Makes no call; close it after use."""
    return FivetranApi(
        configuration.fivetran_api_url, configuration.fivetran_api_key, configuration.fivetran_api_secret,
        installation=configuration.installation,
    )  # fmt: skip


def _card(redirect_uri: str, hide_setup_guide: bool) -> Mapping[str, Any]:
    return {"redirect_uri": redirect_uri, "hide_setup_guide": hide_setup_guide}


def _part(text: str) -> str:
    return quote(text, safe="")
