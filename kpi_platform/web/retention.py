"""Revenue retention as the API and pages show it; `_retention.html` is its section."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from kpi_platform.dashboard.definitions import KpiDefinition, kpi_definitions
from kpi_platform.dashboard.retention import shown_retention
from kpi_platform.domain.retention import SegmentKind, SegmentRetention
from kpi_platform.domain.revenue_bases import REVENUE_BASES, RevenueBasis
from kpi_platform.web.charts import Part

SEGMENT_KINDS: dict[SegmentKind, str] = {
    "all": "All accounts",
    "industry": "Industry",
    "region": "Region",
    "csm": "Success manager",
}


_RETENTION = "net_revenue_retention"


class Step(NamedTuple):
    """One step of a waterfall: its words, its signed amount, and its part of the bar from 0 to `whole`."""

    name: str
    amount: float
    parts: Sequence[Part]
    whole: float


@dataclass(frozen=True, slots=True)
class RetentionSection:
    """The retention that the newest load has brought. `as_of` is None before the first, `basis` if it is not
    known. `definitions` are those of the KPIs."""

    as_of: datetime | None
    upload_version: int | None
    basis: str | None
    window_days: int | None
    segments: Sequence[SegmentRetention]
    definitions: dict[str, KpiDefinition]

    def of(self, kind: SegmentKind) -> list[SegmentRetention]:
        """Returns the segments of one kind, those with most revenue first."""
        return [one for one in self.segments if one.segment_kind == kind]

    def band(self, kpi: str, value: float | None) -> str | None:
        """Returns the band of a retention by the thresholds of the account's KPI."""
        definition = self.definitions.get(kpi)
        return definition.band(value, None) if definition else None


def retention_section(connection: sa.Connection, customer: str) -> RetentionSection:
    """Returns what the section shows of the customer."""
    shown = shown_retention(connection, customer)
    definitions = kpi_definitions(connection, customer)
    own = definitions.get(_RETENTION)
    return RetentionSection(
        shown.as_of if shown else None,
        shown.upload_version if shown else None,
        own.basis if own else None,
        own.window_days if own else None,
        shown.segments if shown else (),
        definitions,
    )


def basis_in_force(connection: sa.Connection, customer: str) -> RevenueBasis | None:
    """Returns what the newest load was measured from; None before the first."""
    own = kpi_definitions(connection, customer).get(_RETENTION)
    return REVENUE_BASES.get(own.basis) if own and own.basis else None


def waterfall(one: SegmentRetention) -> Iterator[Step]:
    """Yields start, expansion, contraction, churn and end. Each begins where the one before it ended."""
    at = one.starting_arr
    whole = max(at + one.expansion, one.ending_arr, 1e-9)
    yield Step("At the start", at, [Part("At the start", at, "series-1")], whole)
    for name, change, style in (
        ("Expansion", one.expansion, "move-up"),
        ("Contraction", -one.contraction, "move-down"),
        ("Churn", -one.churned, "move-down"),
    ):
        low = min(at, at + change)
        yield Step(name, change, [Part("", low, "gap"), Part(name, abs(change), style)], whole)
        at += change
    yield Step("Now", one.ending_arr, [Part("Now", one.ending_arr, "series-1")], whole)
