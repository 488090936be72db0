"""When a customer's KPIs are to be computed again: once for every finished sync, and once for two that end
together. Pure; all instants are aware."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from kpi_platform.domain.clocks import lies_ahead
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES, Source
from kpi_platform.domain.sync_ends import SyncEnds

SETTLE = timedelta(seconds=60)
"""How long a finished sync waits for the other source's."""


def refresh_inputs(settings: CustomerSettings, ends: Mapping[Source, SyncEnds]) -> dict[Source, datetime]:
    """Returns the sync ends that a refresh takes in: of each source that the customer has, the newest
    success. With `on_sync_failure: skip` a failure counts as well, for it makes values stale."""
    inputs: dict[Source, datetime] = {}
    for source in SOURCES:
        end = ends.get(source)
        if end is None or not settings.source(source).enabled:
            continue
        times = [end.succeeded_at]
        if settings.error_handling.on_sync_failure == "skip":
            times.append(end.failed_at)
        if known := [at for at in times if at is not None]:
            inputs[source] = max(known)
    return inputs


def refresh_is_due(
    settings: CustomerSettings,
    inputs: Mapping[Source, datetime],
    used: Mapping[Source, datetime],
    now: datetime,
    settle: timedelta = SETTLE,
) -> bool:
    """Whether to refresh now, `used` being what the newest refresh has taken in. At once if every source
    has something new; else when the newest end has had `settle` of time, so that sources which finish
    together are refreshed together."""
    new = {source: at for source, at in inputs.items() if at != used.get(source)}
    if not new:
        return False
    syncing = [
        source
        for source in SOURCES
        if settings.source(source).enabled and settings.source(source).connection_id is not None
    ]
    newest = max(new.values())
    has_settled = now - newest >= settle or lies_ahead(newest, now)
    return has_settled or all(source in new for source in syncing)
