"""Explains one KPI value: how it came about, from which source rows, and what was left out of it.

The rows are the ones that the value is an aggregate of: dbt compiles the same model for both.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters.dbt import DbtProject, model_file
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.domain.churn import factors_in_force
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.find_account import AccountName, find_account
from kpi_platform.domain.input_ages import age_in_words
from kpi_platform.domain.instants import in_utc
from kpi_platform.domain.known_then import NOT_KNOWN
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.record_links import record_links
from kpi_platform.domain.revenue_bases import DEFAULT_BASIS, REVENUE_KPIS
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.batch import Batch, CustomerInput, batches_of, read_inputs
from kpi_platform.pipeline.evidence_statement import evidence_statement
from kpi_platform.pipeline.kpi_definitions import definitions_of
from kpi_platform.pipeline.places import settle
from kpi_platform.pipeline.revenue_lines import RevenueLine, revenue_lines

DEFAULT_ROWS = 1000
WAIT_SECONDS = 120.0
"""For a warehouse that others have, if the caller does not say otherwise."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source row that the KPI looked at. `left_out_reason` is None if it counted; `url` is for people,
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
    """One value with its parts. `left_out` counts the rows by reason, and `left_out_examples` has a row of
    each. `rows` are the source rows, those that counted first, newest first, as many as were asked for.
    `factors` are the parts of a computed churn risk: weight or 0, None if unknown. `unreadable_count` rows
    could not be read. `models` are the files of the dbt models that measure the rows. `basis` is what it is
    measured by, if there are several ways; `lines` are those of the recurring revenue behind it. `age` says
    in words when a field that may be too old is from, or that nothing says so."""

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
    unreadable_count: int
    window_start: datetime | None
    window_end: datetime
    as_of: datetime
    counted: int
    left_out: Mapping[str, int]
    factors: Mapping[str, float | None]
    rows: Sequence[SourceRow]
    models: Sequence[str] = ()
    left_out_examples: Mapping[str, SourceRow] = field(default_factory=dict)
    basis: str | None = None
    lines: Sequence[RevenueLine] = ()
    age: str | None = None


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
    one = explained_customer(configuration, engine, customer)
    definition = explained_kpi(one, kpi)
    found = find_account(account, _accounts(one.destination, customer), customer)
    value = _value(one.destination, customer, found.id, kpi, as_of)
    return explain_value(configuration, one, found, definition, value, rows=rows)


def explained_customer(
    configuration: Configuration, engine: sa.Engine, customer: str, wait_seconds: float = WAIT_SECONDS
) -> CustomerInput:
    """Returns settings and destination of the customer whose values are explained, to read beside builds.
    Raises what is wrong with them."""
    inputs, failed = read_inputs(configuration, engine, [customer])
    failed |= settle(engine, inputs, again=False)
    for error in failed.values():
        raise error
    (one,) = inputs
    return replace(one, destination=one.destination.for_reader(wait_seconds))


def explained_kpi(one: CustomerInput, kpi: str) -> KpiDefinition:
    """Returns the definition of the KPI by the settings and the newest marts. Raises NotFound if the settings
    do not have it."""
    bases = _bases(one.destination, one.customer) if kpi in ("resolution_time", *REVENUE_KPIS) else {}
    definitions = {definition.kpi: definition for definition in definitions_of(one.settings, {}, **bases)}
    if kpi not in definitions:
        raise NotFound(f"There is no KPI '{kpi}'.", next_step=f"Known KPIs: {', '.join(definitions)}.")
    return definitions[kpi]


def explain_value(
    configuration: Configuration,
    one: CustomerInput,
    account: AccountName,
    definition: KpiDefinition,
    value: Mapping[str, Any],
    *,
    rows: int = DEFAULT_ROWS,
) -> Explanation:
    """Explains `value`, the account's row of the mart kpi_values or kpi_daily."""
    kpi = definition.kpi
    moment = in_utc(value["as_of"])
    strict = value.get("left_out_reason") == NOT_KNOWN
    counted, left_out, examples, source_rows = _evidence(
        configuration, one, account.id, kpi, moment, rows, strict=strict
    )
    return Explanation(
        customer=one.customer,
        account_id=account.id,
        account_name=account.name,
        kpi=kpi,
        display_name=definition.display_name,
        formula=definition.formula,
        unit=definition.unit,
        value=value["value"],
        status=value["status"],
        numerator=value["numerator"],
        denominator=value["denominator"],
        sample_size=value["sample_size"],
        # Days that were computed before it was counted have none.
        unreadable_count=value.get("unreadable_count") or 0,
        window_start=in_utc(value["window_start"]) if value["window_start"] else None,
        window_end=in_utc(value["window_end"]),
        as_of=moment,
        counted=counted,
        left_out=left_out,
        left_out_examples=examples,
        factors=_factors(one, account.id, moment) if kpi == "churn_risk" else {},
        rows=source_rows,
        age=age_in_words(one.settings, kpi, source_rows),
        basis=definition.basis,
        lines=revenue_lines(one.destination, one.settings, one.customer, account.id, moment)
        if kpi in REVENUE_KPIS and definition.basis != DEFAULT_BASIS
        else (),
        models=[model_file(model) for model in (KPIS[kpi].models if kpi in KPIS else ("int_custom_event",))],
    )


def _evidence(
    configuration: Configuration,
    one: CustomerInput,
    account: str,
    kpi: str,
    as_of: datetime,
    limit: int,
    *,
    strict: bool,
) -> tuple[int, dict[str, int], dict[str, SourceRow], list[SourceRow]]:
    """How many rows of the account counted, how many were left out for each reason and one of each, and the
    first `limit`."""
    # The customer's other custom KPIs would be read along with it.
    wanted = tuple(custom for custom in one.settings.custom_kpis if custom.slug == kpi)
    settings = one.settings.model_copy(update={"custom_kpis": wanted})
    batch = _batch(replace(one, settings=settings), kpi, as_of, strict=strict)
    for error in batch.left_out.values():
        raise error
    project = DbtProject(configuration, batch.destination)
    sql = evidence_statement(project, one.customer, batch.vars(), account, kpi, limit)
    found = [row for rows in batch.destination.query(sql) for row in rows.to_pylist()]
    left_out = {row["left_out_reason"]: row["of_reason"] for row in found}
    counted = left_out.pop(None, 0)
    examples = {
        row["left_out_reason"]: _source_row(one.settings, row)
        for row in found
        if row["left_out_reason"] in left_out and row["place_in_reason"] == 1
    }
    rows = [_source_row(one.settings, row) for row in found if row["place"] <= limit]
    return counted, dict(sorted(left_out.items())), examples, rows


_newest: dict[tuple[str, str, bool], tuple[Hashable, CustomerInput, Batch]] = {}
_AT_MOST = 1000


def _batch(one: CustomerInput, kpi: str, as_of: datetime, *, strict: bool) -> Batch:
    """Returns the batch of the customer alone: that of the explanation of `kpi` before, if neither
    customer nor destination has changed since. To read all keys that landed takes longer than the rows."""
    state, place = one.destination.state(), (one.customer, kpi, strict)
    known = _newest.get(place)
    if known and state is not None and known[:2] == (state, one) and known[2].as_of == as_of:
        return known[2]
    (batch,) = batches_of([one], as_of, strict=strict)
    if len(_newest) >= _AT_MOST:
        _newest.clear()
    _newest[place] = (state, one, batch)
    return batch


def _source_row(settings: CustomerSettings, row: Mapping[str, Any]) -> SourceRow:
    links = record_links(settings, row["source_table"], row["source_id"])
    return SourceRow(
        table=row["source_table"],
        id=row["source_id"],
        event_time=in_utc(row["event_time"]) if row["event_time"] else None,
        numerator=row["numerator"],
        denominator=row["denominator"],
        left_out_reason=row["left_out_reason"],
        url=links.page,
        api_url=links.api,
    )


def _accounts(destination: Destination, customer: str) -> list[AccountName]:
    batches = destination.read_mart("kpi_integrated_metrics", customer, ["account_id", "account_name"])
    return [
        AccountName(row["account_id"], row["account_name"]) for rows in batches for row in rows.to_pylist()
    ]


def _bases(destination: Destination, customer: str) -> dict[str, str]:
    """What the newest marts were measured by; those that are not known are missing."""
    found: dict[str, str] = {}
    for rows in destination.read_mart("kpi_integrated_metrics", customer):
        # Marts that were built before an upgrade may lack one of them.
        for name in {"time_basis", "revenue_basis"} & set(rows.schema.names) - set(found):
            if known := rows.column(name).drop_null().to_pylist():
                found[name] = known[0]
        if len(found) == 2:
            break
    return found


def _value(
    destination: Destination, customer: str, account_id: str, kpi: str, as_of: datetime | None
) -> Mapping[str, Any]:
    """Returns the row of the newest values, or of those of the day if `as_of` is given."""
    mart = "kpi_values" if as_of is None else "kpi_daily"
    batches = destination.read_mart(mart, customer, where={"account_id": account_id, "kpi": kpi})
    found: list[dict[str, Any]] = [
        row for rows in batches for row in rows.to_pylist() if as_of is None or in_utc(row["as_of"]) == as_of
    ]
    if not found:
        when = f" at {as_of.isoformat()}" if as_of else ""
        option = f" --as-of {as_of.isoformat()}" if as_of else ""
        raise NotFound(
            f"{kpi} of account {account_id} was not computed{when}; {mart} has no row of it.",
            next_step=f"Compute it: kpi-platform run {customer} --skip-sync{option}",
        )
    # A day that was computed again later has the values of then, and those of later.
    return max(found, key=lambda row: (row.get("computed_at") is not None, row.get("computed_at")))


def _factors(one: CustomerInput, account_id: str, as_of: datetime) -> dict[str, float | None]:
    """Only of the newest run: factors are not kept by day."""
    batches = one.destination.read_mart("account_churn_risk", one.customer, where={"account_id": account_id})
    for row in (row for rows in batches for row in rows.to_pylist()):
        if in_utc(row["as_of"]) == as_of:
            factors = factors_in_force(one.settings.health_score.scheme)
            # Marts that were built before an upgrade may lack one.
            return {factor.name: row[factor.name] for factor in factors if factor.name in row}
    return {}
