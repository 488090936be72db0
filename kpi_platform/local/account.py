"""The Fivetran account that the server serves, and what its first start puts into it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request

from kpi_platform.configuration import Configuration
from kpi_platform.installation import installation_id
from kpi_platform.local.behaviour import HOURLY_CALLS, HOURLY_SETUP_TESTS, Behaviour, Plan
from kpi_platform.local.faults import Faults, RateLimit
from kpi_platform.local.masking import holds_secret, masked
from kpi_platform.local.responses import ApiError
from kpi_platform.local.samples.profiles import PROFILES, SAMPLED, connection_id
from kpi_platform.local.state import Group, Installation, Store, StoredConnection, StoredDestination, now
from kpi_platform.local.syncs import Syncs
from kpi_platform.local.webhooks import Webhooks

DEFAULT_GROUP = "local"
USER_ID = "local_user"
"""The one user of the account, whose key is used."""


@dataclass
class LocalFivetran:
    """Everything behind the endpoints. `installation`: the id of the home that it serves.
    `calls`: the last ones, newest last, as (method, path, status)."""

    configuration: Configuration
    store: Store
    behaviour: Behaviour
    webhooks: Webhooks
    syncs: Syncs
    installation: str
    limit: RateLimit = field(default_factory=RateLimit)
    setup_test_limit: RateLimit = field(default_factory=lambda: RateLimit(what="setup tests"))
    faults: Faults = field(default_factory=Faults)
    calls: deque[tuple[str, str, int]] = field(default_factory=lambda: deque(maxlen=5000))

    @classmethod
    def open(
        cls,
        state_home: Path,
        configuration: Configuration,
        *,
        tick_seconds: float = 0.5,
        behaviour: Behaviour | None = None,
        sample: Mapping[str, Any] | None = None,
    ) -> "LocalFivetran":
        """Raises Conflict if another process has `state_home` open."""
        store = Store(state_home)
        behaviour = (behaviour or Behaviour()).model_copy()
        webhooks = Webhooks(store, behaviour)
        syncs = Syncs(configuration, store, webhooks, behaviour, tick_seconds=tick_seconds)
        fivetran = cls(configuration, store, behaviour, webhooks, syncs, installation_id(configuration.home))
        fivetran.obey(behaviour.plan)
        fivetran._install(dict(sample or {}))
        fivetran._forget_secrets()
        return fivetran

    def obey(self, plan: Plan) -> None:
        """Sets the hourly limits to those of a plan."""
        self.limit.limit = HOURLY_CALLS[plan]
        self.setup_test_limit.limit = HOURLY_SETUP_TESTS[plan]

    def close(self) -> None:
        self.webhooks.close()
        self.syncs.close()
        self.store.close()

    def _install(self, sample: dict[str, Any]) -> None:
        if self.store.get(Installation, "installation") is None:
            self.store.save(Installation(day=datetime.combine(now().date(), time(), tzinfo=UTC)))
            self.store.save(Group(id=DEFAULT_GROUP, name=DEFAULT_GROUP))
            path = str(self.configuration.warehouse_file)
            self.store.save(StoredDestination(id=DEFAULT_GROUP, service="duckdb", config={"path": path}))
            for key, profile in PROFILES.items():
                for service, frequency in SAMPLED.items():
                    schema = connection_id(key, service)
                    self.store.save(
                        StoredConnection(
                            id=schema,
                            group_id=DEFAULT_GROUP,
                            service=service,
                            schema_name=schema,
                            config={"sample": {"customer": key} | sample},
                            naming=profile.naming,
                            # The platform starts the syncs; a customer's settings may hand that back.
                            schedule_type="manual",
                            sync_frequency=frequency,
                        )
                    )

    def _forget_secrets(self) -> None:
        """Masks what an earlier version has stored."""
        kept: list[StoredConnection | StoredDestination] = [
            *self.store.all(StoredConnection),
            *self.store.all(StoredDestination),
        ]
        for document in kept:
            if holds_secret(document.config):
                self.store.save(document.model_copy(update={"config": masked(document.config)}))
                self.store.compact()

    def group(self, group_id: str) -> Group:
        group = self.store.get(Group, group_id)
        if group is None:
            raise ApiError(404, "NotFound_Group", f"Group with id '{group_id}' doesn't exist.")
        return group

    def destination(self, destination_id: str) -> StoredDestination:
        destination = self.store.get(StoredDestination, destination_id)
        if destination is None:
            message = f"Destination with id '{destination_id}' doesn't exist."
            raise ApiError(404, "NotFound_Destination", message)
        return destination

    def connection(self, connection_id: str) -> StoredConnection:
        connection = self.store.get(StoredConnection, connection_id)
        if connection is None:
            message = f"Connector with id '{connection_id}' doesn't exist."
            raise ApiError(404, "NotFound_Connector", message)
        return connection

    def anew_when_resumed(self, connection_id: str, tables: list[str]) -> None:
        """Has the connection's next sync read these tables from the start."""
        with self.store.lock:
            connection = self.connection(connection_id)
            connection.anew_when_resumed = tables
            self.store.save(connection)


def _of_request(request: Request) -> LocalFivetran:
    fivetran: LocalFivetran = request.app.state.fivetran
    return fivetran


Fivetran = Annotated[LocalFivetran, Depends(_of_request)]
