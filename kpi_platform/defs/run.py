"""The whole job in one process: sync, then refresh, recorded on the installation's own Dagster instance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from kpi_platform.configuration import Configuration


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What became of each customer. `loaded` names the upload version of every customer that went all the
    way; `failed` the error of each that did not; `run_ids` are Dagster's, in the order of the runs."""

    run_ids: tuple[str, ...]
    loaded: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


def run_job(
    configuration: Configuration,
    engine: Engine,
    customers: Sequence[str],
    *,
    as_of: datetime,
    skip_sync: bool,
    on_progress: Callable[[str], None],
) -> RunOutcome:
    """Runs sync (unless `skip_sync`) and refresh for `customers`; needs neither daemon nor web server.

    `as_of` is the instant the KPIs are computed for (with a time zone). `on_progress` gets short lines in
    plain words. One customer's failure is that customer's alone; errors of all are KpiPlatformErrors.
    """
    raise NotImplementedError
