"""Explains one KPI value: how it came about, from which source rows, and what was left out of it.

The rows are the ones that the value is an aggregate of: dbt compiles the same model for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.find_account import AccountName, find_account
from kpi_platform.domain.record_links import record_links
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.batch import CustomerInput, batches_of, read_inputs
from kpi_platform.pipeline.kpi_definitions import definitions_of

DEFAULT_ROWS = 1000

_EVIDENCE = """
from {{ ref('int_kpi_evidence') }}
where
    customer_id = {{ text_literal(var('explained').customer) }}
    and account_id = {{ text_literal(var('explained').account) }}
    and kpi = {{ text_literal(var('explained').kpi) }}
"""
_COUNTS = (
    "select counted, left_out_reason, count(*) as row_count" + _EVIDENCE + "group by counted, left_out_reason"
)
_ROWS = (
    "select source_table, source_id, event_time, numerator, denominator, counted, left_out_reason"
    + _EVIDENCE
    + "order by counted desc, event_time desc, source_id limit {{ var('explained').rows }}"
)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source row that the KPI looked at. `left_out_reason` is None where it counted; `url` is for people,
    `api_url` for programs."""

    table: str
    id: str
    event_time: datetime | None
    numerator: float | None
    denominator: float | None
    left_out_reason: str | None
    url: str | None
    api_url: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One value with its parts. `left_out` counts the rows by reason. `rows` are the source rows, those that
    counted first, newest first, as many as were asked for. `factors` are the parts of a computed churn risk:
    weight or 0, None where unknown."""

    customer: str
    account_id: str
    account_name: str | None
    kpi: str
    display_name: str
    formula: str
    unit: str
    value: float | None
    status: str
    numerator: float | None
    denominator: float | None
    sample_size: int | None
    window_start: datetime | None
    window_end: datetime
    as_of: datetime
    counted: int
    left_out: Mapping[str, int]
    factors: Mapping[str, float | None]
    rows: Sequence[SourceRow]


def explain(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    account: str,
    kpi: str,
    as_of: datetime | None = None,
    *,
    rows: int = DEFAULT_ROWS,
) -> Explanation:
    """Explains `kpi` of `account` (an account id or a name) at `as_of` (default: that of the newest values).

    Raises NotFound for an account or a KPI that the customer does not have, and for an `as_of` for which
    nothing was computed."""
    inputs, failed = read_inputs(configuration, engine, [customer])
    for error in failed.values():
        raise error
    (one,) = inputs
    definition = _definition(one.settings, kpi)
    found = find_account(account, _accounts(one.destination, customer), customer)
    value = _value(one.destination, customer, found.id, kpi, as_of)
    moment = _utc(value["as_of"])
    compiled = _Evidence(configuration, one, found.id, kpi, moment, rows)
    counted, left_out = compiled.counts()
    return Explanation(
        customer=customer,
        account_id=found.id,
        account_name=found.name,
        kpi=kpi,
        display_name=definition.display_name,
        formula=definition.formula,
        unit=definition.unit,
        value=value["value"],
        status=value["status"],
        numerator=value["numerator"],
        denominator=value["denominator"],
        sample_size=value["sample_size"],
        window_start=_utc(value["window_start"]) if value["window_start"] else None,
        window_end=_utc(value["window_end"]),
        as_of=moment,
        counted=counted,
        left_out=left_out,
        factors=_factors(one.destination, customer, found.id, moment) if kpi == "churn_risk" else {},
        rows=compiled.rows(),
    )


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The rows that one KPI of one account looked at, through dbt and the destination."""

    configuration: Configuration
    customer: CustomerInput
    account: str
    kpi: str
    as_of: datetime
    limit: int

    def counts(self) -> tuple[int, dict[str, int]]:
        """How many rows counted, and how many were left out for each reason."""
        counts = self._query(_COUNTS)
        left_out = {row["left_out_reason"]: row["row_count"] for row in counts if not row["counted"]}
        return sum(row["row_count"] for row in counts if row["counted"]), dict(sorted(left_out.items()))

    def rows(self) -> list[SourceRow]:
        return [self._source_row(row) for row in self._query(_ROWS)]

    def _source_row(self, row: Mapping[str, Any]) -> SourceRow:
        links = record_links(self.customer.settings, row["source_table"], row["source_id"])
        return SourceRow(
            table=row["source_table"],
            id=row["source_id"],
            event_time=_utc(row["event_time"]) if row["event_time"] else None,
            numerator=row["numerator"],
            denominator=row["denominator"],
            left_out_reason=row["left_out_reason"],
            url=links.page,
            api_url=links.api,
        )

    def _query(self, statement: str) -> list[dict[str, Any]]:
        # Its other custom KPIs would be read along with it.
        wanted = tuple(one for one in self.customer.settings.custom_kpis if one.slug == self.kpi)
        settings = self.customer.settings.model_copy(update={"custom_kpis": wanted})
        (batch,) = batches_of([replace(self.customer, settings=settings)], self.as_of)
        for error in batch.left_out.values():
            raise error
        explained = {
            "customer": self.customer.customer,
            "account": self.account,
            "kpi": self.kpi,
            "rows": self.limit,
        }
        project = DbtProject(self.configuration, batch.destination)
        sql = project.compile(statement, batch.vars() | {"explained": explained})
        return [row for rows in batch.destination.query(sql) for row in rows.to_pylist()]


def _definition(settings: CustomerSettings, kpi: str) -> KpiDefinition:
    definitions = {definition.kpi: definition for definition in definitions_of(settings, {})}
    if kpi not in definitions:
        raise NotFound(f"There is no KPI '{kpi}'.", next_step=f"Known KPIs: {', '.join(definitions)}.")
    return definitions[kpi]


def _accounts(destination: Destination, customer: str) -> list[AccountName]:
    batches = destination.read_mart("kpi_integrated_metrics", customer, ["account_id", "account_name"])
    return [
        AccountName(row["account_id"], row["account_name"]) for rows in batches for row in rows.to_pylist()
    ]


def _value(
    destination: Destination, customer: str, account_id: str, kpi: str, as_of: datetime | None
) -> Mapping[str, Any]:
    """The row of the newest values, or of the day's where `as_of` is given."""
    mart = "kpi_values" if as_of is None else "kpi_daily"
    batches = destination.read_mart(mart, customer, where={"account_id": account_id, "kpi": kpi})
    found: list[dict[str, Any]] = [
        row for rows in batches for row in rows.to_pylist() if as_of is None or _utc(row["as_of"]) == as_of
    ]
    if not found:
        when = f" at {as_of.isoformat()}" if as_of else ""
        option = f" --as-of {as_of.isoformat()}" if as_of else ""
        raise NotFound(
            f"{kpi} of account {account_id} was not computed{when}; {mart} has no row of it.",
            next_step=f"Compute it: kpi-platform run {customer} --skip-sync{option}",
        )
    return found[0]


def _factors(
    destination: Destination, customer: str, account_id: str, as_of: datetime
) -> dict[str, float | None]:
    """Only of the newest run: factors are not kept by day."""
    names = ["nps_risk", "csat_risk", "inactivity_risk", "support_volume_risk", "relationship_risk"]
    batches = destination.read_mart(
        "account_churn_risk", customer, [*names, "as_of"], where={"account_id": account_id}
    )
    for row in (row for rows in batches for row in rows.to_pylist()):
        if _utc(row["as_of"]) == as_of:
            return {name: row[name] for name in names}
    return {}


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
