"""Computes the KPIs of many customers: one dbt invocation a destination."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Engine

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidInput, KpiPlatformError

Severity = Literal["warn", "error"]
CheckStatus = Literal["pass", "warn", "fail", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """One dbt node ended: `done` of `total` of this invocation."""

    node: str
    status: str
    seconds: float
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one dbt test. `failures` counts its failing rows; `customers` are those that they belong
    to (empty where the rows do not say)."""

    node: str
    model: str
    column: str | None
    status: CheckStatus
    severity: Severity
    failures: int
    customers: tuple[str, ...]
    message: str | None = None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """`built`: customer → mart → rows. `failed`: customer → why it has no new values; its old ones are as they
    were. Every customer that was asked for is in exactly one of the two."""

    built: Mapping[str, Mapping[str, int]]
    failed: Mapping[str, KpiPlatformError]
    checks: Sequence[Check]
    seconds: float = field(compare=False)


def build_kpis(
    configuration: Configuration,
    engine: Engine,
    customers: Sequence[str],
    as_of: datetime,
    *,
    run_id: str | None = None,
    select: Sequence[str] | None = None,
    on_progress: Callable[[BuildProgress], None] | None = None,
) -> BuildReport:
    """Computes all marts of `customers` at `as_of` (aware) and replaces exactly their rows. A customer that
    cannot be computed fails alone, by name. `select` limits the build to these dbt nodes (dbt's selection
    syntax); `run_id` names the invocation in dbt's log. Raises only for what concerns all of them: no
    destination, a project that does not parse."""
    raise NotImplementedError


def as_of_range(first: datetime, last: datetime, every: timedelta) -> Iterator[datetime]:
    """The instants `first`, `first + every`, … up to and including `last`, oldest first."""
    if every <= timedelta(0):
        raise InvalidInput(
            "The step of an as_of range must be longer than nothing.", next_step="For example: 1d."
        )
    if last < first:
        raise InvalidInput(
            f"The as_of range ends ({last.isoformat()}) before it starts ({first.isoformat()}).",
            next_step="Give the earlier time first.",
        )
    return (first + step * every for step in range(int((last - first) / every) + 1))
