"""The ages of inputs of the health score, in the form that dbt reads (scorecards.md S16, S17)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kpi_platform.domain.batch_rows import before
from kpi_platform.domain.health import DATED_INPUTS
from kpi_platform.domain.kpi_gaps import LandedSources
from kpi_platform.domain.settings import CustomerSettings


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """The age of an input of a customer that has dates of it: a row of the dbt model int_age_limit. A value
    from before `oldest`, which is UTC, is too old."""

    input: str
    max_age_days: int
    oldest: str


def age_limits(settings: CustomerSettings, landed: LandedSources, as_of: datetime) -> tuple[AgeLimit, ...]:
    """Returns the limits that hold. Without a date nothing is too old, so inputs whose date is not mapped, or
    did not land, have none."""
    score = settings.health_score
    return tuple(
        AgeLimit(name, days, before(as_of, days))
        for name in DATED_INPUTS
        if (days := score.max_age(name)) is not None
        and landed["salesforce"].has_column(f"account.{name}_date")
    )


class Read(Protocol):
    """A source row of a KPI."""

    @property
    def table(self) -> str: ...

    @property
    def event_time(self) -> datetime | None: ...


def age_in_words(settings: CustomerSettings, kpi: str, rows: Sequence[Read]) -> str | None:
    """Says of a KPI that may be too old when the account's field is from; None of all others, and of one that
    has no such field. `rows` are its source rows."""
    days = settings.health_score.max_age(kpi) if kpi in DATED_INPUTS else None
    fields = [row for row in rows if row.table == "salesforce.account"]
    if days is None or not fields:
        return None
    if (moment := fields[0].event_time) is None:
        return "age unknown: no field with its date is mapped, or it is empty"
    return f"from {moment:%Y-%m-%d}; too old after {days} days"
