"""Tests a warehouse connection: only hosts that the operator allows, and never longer than 15 seconds."""

import logging
import queue
import threading
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import get_args

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import ConnectionStep, Destination, StepName
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidInput, KpiPlatformError
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES

_log = logging.getLogger(__name__)

LIMIT_SECONDS = 15.0
ALLOWED_HOSTS_VARIABLE = "KPI_ALLOWED_HOSTS"
_STEPS: tuple[StepName, ...] = get_args(StepName)


class HostNotAllowed(InvalidInput):
    """A host that the operator does not let anybody reach from here."""

    code = "host_not_allowed"


class AllowedHosts:
    """What KPI_ALLOWED_HOSTS says: patterns of host names (`*.snowflakecomputing.com`), addresses and
    networks (`10.1.0.0/16`), separated by commas.

    A host must match a name or be an address on the list. The address that it resolves to must be a public
    one, or on the list itself: a name alone opens no private, loopback or link-local address.
    """

    def __init__(self, text: str) -> None:
        self._names: list[str] = []
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in filter(None, (part.strip().lower() for part in text.split(","))):
            try:
                self._networks.append(ip_network(entry, strict=False))
            except ValueError:
                self._names.append(entry)

    def allows_host(self, host: str) -> bool:
        if self._is_listed(host):
            return True
        return any(fnmatch(host.lower().rstrip("."), name) for name in self._names)

    def allows_address(self, address: str) -> bool:
        if self._is_listed(address):
            return True
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return address.lower() in self._names
        mapped = getattr(parsed, "ipv4_mapped", None) or parsed
        return bool(mapped.is_global and not mapped.is_multicast)

    def _is_listed(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


def test_connection(
    configuration: Configuration,
    settings: CustomerSettings,
    secrets: CustomerSecrets,
    *,
    limit_seconds: float = LIMIT_SECONDS,
) -> Iterator[ConnectionStep]:
    """The steps of connecting to the warehouse of `settings`, each as it ends: resolve, connect,
    authenticate, database, schema, can_read. The first that fails, or exceeds the limit, is the last."""
    started = time.monotonic()
    try:
        require_allowed_host(configuration, settings)
        destination = open_destination(configuration, settings.warehouse, secrets)
    except KpiPlatformError as error:
        yield ConnectionStep("resolve", ok=False, seconds=time.monotonic() - started, error=str(error))
        return
    steps: queue.SimpleQueue[ConnectionStep | None] = queue.SimpleQueue()
    arguments = (destination, configuration, settings, steps)
    # A driver that hangs cannot be interrupted; it is left behind, and ends with its own time limits.
    threading.Thread(target=_run, args=arguments, name="connection-test", daemon=True).start()
    done = 0
    while True:
        left = started + limit_seconds - time.monotonic()
        try:
            step = steps.get(timeout=max(left, 0.001))
        except queue.Empty:
            late = f"No answer within {limit_seconds:g} seconds. Check host, port and firewalls."
            yield ConnectionStep(_STEPS[done], ok=False, seconds=time.monotonic() - started, error=late)
            return
        if step is None:
            if done < len(_STEPS):
                unknown = "The test itself failed. Ask the operator to look into the log."
                yield ConnectionStep(
                    _STEPS[done], ok=False, seconds=time.monotonic() - started, error=unknown
                )
            return
        yield step
        if not step.ok:
            return
        done += 1


def require_allowed_host(configuration: Configuration, settings: CustomerSettings) -> None:
    """Raises HostNotAllowed where the operator does not allow the warehouse's host. A file has none."""
    host = settings.warehouse.host
    if settings.warehouse.type == "duckdb" or host is None:
        return
    allowed = AllowedHosts(configuration.get(ALLOWED_HOSTS_VARIABLE) or "")
    if not allowed.allows_host(host):
        raise HostNotAllowed(
            f"The host {host} is not on the operator's list.",
            next_step=f"Ask the operator to add it to {ALLOWED_HOSTS_VARIABLE}.",
        )


def _run(
    destination: Destination,
    configuration: Configuration,
    settings: CustomerSettings,
    steps: "queue.SimpleQueue[ConnectionStep | None]",
) -> None:
    allowed = AllowedHosts(configuration.get(ALLOWED_HOSTS_VARIABLE) or "")
    schemas = [settings.source(source).schema_ for source in SOURCES if settings.source(source).enabled]
    try:
        for step in destination.test_connection(schemas, permitted=allowed.allows_address):
            steps.put(step)
    except Exception:  # noqa: BLE001 - the edge of the thread: the caller is told below that a step failed
        _log.exception("Testing %s failed.", destination.name)
    finally:
        steps.put(None)
