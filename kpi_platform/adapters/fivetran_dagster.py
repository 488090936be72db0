"""dagster-fivetran's client and workspace: all HTTP through FivetranApi, every sync through run_sync."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from dagster_fivetran import FivetranOutput, FivetranWorkspace
from dagster_fivetran.resources import FivetranClient
from pydantic import Field

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.adapters.fivetran_sync import run_sync
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import FivetranRefused
from kpi_platform.domain.fivetran_budget import CALLS_PER_HOUR
from kpi_platform.domain.fivetran_budget import poll_seconds as affordable_poll_seconds

DEFAULT_POLL_SECONDS = 10.0
DEFAULT_TIMEOUT_SECONDS = 2 * 3600.0


class KpiFivetranClient(FivetranClient):
    """The stock client's calls; errors are FivetranUnavailable, FivetranRefused and SyncFailed.

    Never touches a connection's schedule. Poll interval and time limit (seconds) are those given here unless
    a call brings its own.
    """

    def __init__(
        self,
        api: FivetranApi,
        *,
        poll_seconds: float = DEFAULT_POLL_SECONDS,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        calls_per_hour: int = CALLS_PER_HOUR,
    ) -> None:
        super().__init__(
            api_key="",
            api_secret="",
            request_max_retries=0,
            request_retry_delay=0,
            request_backoff_factor=1,
            disable_schedule_on_trigger=False,
        )
        self.api = api
        self._poll_seconds = poll_seconds
        self._timeout_seconds = timeout_seconds
        self._calls_per_hour = calls_per_hour

    @property
    def poll_seconds(self) -> float:
        """The poll interval, longer if the account's limit of calls is small."""
        return affordable_poll_seconds(self.api.hourly_limit or self._calls_per_hour, self._poll_seconds)

    @property
    def api_base_url(self) -> str:
        return f"{self.api.base_url}/v1"

    def _make_and_handle_request(
        self,
        method: str,
        endpoint: str,
        data: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        return self.api.request(method, endpoint, json=json.loads(data) if data else None, params=params)

    def _make_request(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("All calls go through FivetranApi.request.")

    def get_schema_config_for_connector(
        self, connector_id: str, raise_on_not_found_error: bool = True
    ) -> Mapping[str, Any]:
        try:
            return self._make_connector_request("GET", f"{connector_id}/schemas")
        except FivetranRefused as refused:
            if raise_on_not_found_error or refused.details.get("status") != 404:
                raise
            return {}

    def list_connectors_for_group(self, group_id: str) -> list[Mapping[str, Any]]:
        return self.api.pages(f"groups/{group_id}/connectors")

    def get_groups(self) -> Mapping[str, Any]:
        return {"items": self.api.groups()}

    def start_sync(self, connector_id: str) -> None:
        self.api.sync(connector_id)

    def sync(
        self,
        connection_id: str,
        *,
        poll_seconds: float | None = None,
        timeout_seconds: float | None = None,
        since: datetime | None = None,
        start: Callable[[], None] | None = None,
        on_state: Callable[[Connection], None] | None = None,
        read: Callable[[str], Connection] | None = None,
    ) -> Connection:
        """Runs `run_sync` with this client's limits."""
        return run_sync(
            self.api,
            connection_id,
            poll_seconds=self.poll_seconds if poll_seconds is None else poll_seconds,
            timeout_seconds=self._timeout_seconds if timeout_seconds is None else timeout_seconds,
            since=since,
            start=start,
            on_state=on_state,
            read=read,
        )

    def _sync_and_poll(
        self,
        sync_fn: Callable[..., None],
        connector_id: str,
        poll_interval: float | None = None,
        poll_timeout: float | None = None,
    ) -> FivetranOutput:
        connection = self.sync(
            connector_id,
            poll_seconds=poll_interval,
            timeout_seconds=poll_timeout,
            start=lambda: sync_fn(connector_id=connector_id),
        )
        schemas = self.get_schema_config_for_connector(connector_id, raise_on_not_found_error=False)
        return FivetranOutput(connector_details=connection.details, schema_config=schemas)

    def sync_and_poll(
        self, connector_id: str, poll_interval: float | None = None, poll_timeout: float | None = None
    ) -> FivetranOutput:
        return self._sync_and_poll(self.start_sync, connector_id, poll_interval, poll_timeout)


class KpiFivetranWorkspace(FivetranWorkspace):
    """The account behind one API key, at any address."""

    account_id: str = Field(default="", description="Not needed: the API key names the account.")
    api_url: str = Field(description="Address of the API, without /v1.")
    disable_schedule_on_trigger: bool = Field(default=False, description="Schedules belong to the settings.")
    installation: str | None = Field(default=None, description="Sent to the local Fivetran.")
    poll_seconds: float = Field(default=DEFAULT_POLL_SECONDS)
    timeout_seconds: float = Field(default=DEFAULT_TIMEOUT_SECONDS)
    calls_per_hour: int = Field(default=CALLS_PER_HOUR, description="The limit, until an answer says it.")

    @classmethod
    def of(cls, configuration: Configuration) -> "KpiFivetranWorkspace":
        """Returns the account of the environment. Holds its key: never hand it to Dagster as a resource,
        which would show it."""
        return cls(
            api_url=configuration.fivetran_api_url,
            api_key=configuration.fivetran_api_key,
            api_secret=configuration.fivetran_api_secret,
            installation=configuration.installation,
            poll_seconds=float(configuration.get("KPI_SYNC_POLL_SECONDS") or DEFAULT_POLL_SECONDS),
            timeout_seconds=float(configuration.get("KPI_SYNC_TIMEOUT_SECONDS") or DEFAULT_TIMEOUT_SECONDS),
            calls_per_hour=configuration.fivetran_calls_per_hour,
        )

    def get_client(self) -> KpiFivetranClient:
        return self._client

    @cached_property
    def _client(self) -> KpiFivetranClient:
        return KpiFivetranClient(
            FivetranApi(self.api_url, self.api_key, self.api_secret, installation=self.installation),
            poll_seconds=self.poll_seconds,
            timeout_seconds=self.timeout_seconds,
            calls_per_hour=self.calls_per_hour,
        )
