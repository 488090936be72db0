"""Reading the connections of many syncs that wait side by side: one list serves all of them."""

import threading
import time
from collections.abc import Mapping

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.adapters.fivetran_http import PAGE_SIZE
from kpi_platform.domain.errors import FivetranRefused, FivetranUnavailable, SyncFailed


class ConnectionWatch:
    """`read` answers a connection as it is by now, for threads that poll `expected` connections. If a
    list costs less than a call for each, one thread asks for it and the others share its answer."""

    def __init__(self, api: FivetranApi, expected: int) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._polled = expected
        self._pages = 1
        self._found: Mapping[str, Connection] = {}
        self._taken_at = 0.0
        self._read_at: dict[str, float] = {}
        self._stopped = False

    def stop(self) -> None:
        """Makes every further `read` raise SyncFailed: whoever waits for a sync waits no longer."""
        self._stopped = True

    def read(self, connection_id: str) -> Connection:
        """Newer than what the same connection's `read` answered before. Raises as FivetranApi.connection."""
        if self._stopped:
            raise SyncFailed(
                f"Nobody waits for the sync of '{connection_id}' any more.",
                next_step="It goes on in Fivetran, and the next run takes it in.",
                details={"goes_on": True},
            )
        with self._lock:
            if self._polled > self._pages:
                if self._taken_at <= self._read_at.get(connection_id, 0.0):
                    self._take()
                self._read_at[connection_id] = self._taken_at
                found = self._found.get(connection_id)
                if found is not None and found.details.get("status"):
                    return found
        return self._api.connection(connection_id)

    def done(self) -> None:
        """Ends the polling of one connection."""
        with self._lock:
            self._polled -= 1

    def _take(self) -> None:
        taken_at = time.monotonic()
        try:
            connections = self._api.connections()
        except (FivetranRefused, FivetranUnavailable) as error:
            if error.details.get("status") == 429:
                raise
            # A key may be limited to connections, and one page of the list may fail alone.
            self._pages, self._found = self._polled, {}
        else:
            self._pages = len(connections) // PAGE_SIZE + 1
            self._found = {connection.id: connection for connection in connections}
        self._taken_at = taken_at
