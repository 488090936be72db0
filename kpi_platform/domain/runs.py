"""Runs over many customers: why they begin, how many customers are in one, and what became of each."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kpi_platform.domain.sources import SOURCE_SYSTEMS

Cause = Literal["request", "release", "schedule", "sync", "past", "command_line", "dagster"]
"""The cause of a run: a person who asks for a sync, or releases a load that was held; the schedule; a sync
that has ended in Fivetran; weeks before the first load; the command line; a person in Dagster's UI."""

STEP_TITLES = {
    **{f"{system.name}_sync": f"Syncing {system.title}" for system in SOURCE_SYSTEMS.values()},
    "kpi_marts": "Computing KPIs",
    "account_matches": "Matching accounts",
    "dashboard_load": "Loading the dashboard",
}
"""The steps of a run as people see them, by Dagster's name."""

CUSTOMERS_PER_RUN = 400
"""A run has no more: its memory grows with them (3 GiB with 100 accounts and 20,000 incidents each)."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The outcome of a run for each customer. `loaded` names the upload version of every customer that went
    all the way; `failed` the error of each that did not; `findings` what the run's checks found of either, in
    words; `run_ids` are Dagster's, in the order of the runs."""

    run_ids: tuple[str, ...]
    loaded: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    findings: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __add__(self, other: "RunOutcome") -> "RunOutcome":
        return RunOutcome(
            self.run_ids + other.run_ids,
            {**self.loaded, **other.loaded},
            {**self.failed, **other.failed},
            {**self.findings, **other.findings},
        )


def in_chunks(customers: Iterable[str], size: int) -> Iterator[list[str]]:
    """Divides `customers` in their order into chunks of at most `size`."""
    ordered = list(customers)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def in_runs(customers: Iterable[str], most: int) -> Iterator[list[str]]:
    """Divides `customers` in their order into runs of at most `most`. Of several runs the last is about half
    as long as the others, which are alike: there is no build beside which it could be loaded."""
    ordered = list(customers)
    runs = math.ceil(len(ordered) / most + 0.5) - 0.5 if len(ordered) > most else 1
    yield from in_chunks(ordered, max(1, math.ceil(len(ordered) / runs)))
