"""Tests a warehouse connection: only hosts that the operator allows, and never longer than 15 seconds."""

import logging
import queue
import threading
import time
from collections.abc import Iterator
from typing import get_args

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import ConnectionStep, Destination, StepName
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES

_log = logging.getLogger(__name__)

LIMIT_SECONDS = 15.0
_STEPS: tuple[StepName, ...] = get_args(StepName)


def test_connection(
    configuration: Configuration,
    settings: CustomerSettings,
    secrets: CustomerSecrets,
    *,
    limit_seconds: float = LIMIT_SECONDS,
) -> Iterator[ConnectionStep]:
    """Yields the steps of connecting to the warehouse of `settings`, each as it ends: resolve, connect,
    authenticate, database, schema, can_read. The first that fails, or exceeds the limit, is the last."""
    started = time.monotonic()
    try:
        destination = open_destination(configuration, settings.warehouse, secrets)
    except KpiPlatformError as error:
        yield ConnectionStep("resolve", ok=False, seconds=time.monotonic() - started, error=str(error))
        return
    steps: queue.SimpleQueue[ConnectionStep | None] = queue.SimpleQueue()
    arguments = (destination, settings, steps)
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


def _run(
    destination: Destination,
    settings: CustomerSettings,
    steps: "queue.SimpleQueue[ConnectionStep | None]",
) -> None:
    schemas = [settings.source(source).schema_ for source in SOURCES if settings.source(source).enabled]
    try:
        for step in destination.test_connection(schemas):
            steps.put(step)
    except Exception:  # noqa: BLE001 - the edge of the thread: the caller learns below that a step failed
        _log.exception("Testing %s failed.", destination.name)
    finally:
        steps.put(None)
