"""Reads one customer's marts in Arrow batches into compact columns (73 bytes for each KPI value)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kpi_platform.dashboard.account_counts import BuiltAccounts
from kpi_platform.dashboard.tables import HEALTH_COLUMNS, SUPPORT_METRICS
from kpi_platform.domain import revenue_bases, time_bases
from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS, Type
from kpi_platform.domain.errors import LoadRefused
from kpi_platform.domain.load_plan import Array
from kpi_platform.domain.retention import SegmentRetention
from kpi_platform.pipeline.batch_marts import VALUE_COLUMNS, MartReader
from kpi_platform.pipeline.load.fingerprint import NUMBERS, fingerprint_of
from kpi_platform.pipeline.load.retention import read_retention

_BREACHES = [
    "category", "total_tickets", "tickets_with_sla", "sla_breaches", "breach_rate", "breach_rate_of_sla",
    "avg_breach_hours", "routing_issues", "complex_issues", "critical_breaches",
]  # fmt: skip
_BREACH_COLUMNS = ["account_id", *_BREACHES]
_INSTANTS = ("window_start", "window_end")
_TYPES = {
    "account": "int32",
    "kpi": "int16",
    "status": "int8",
    "left_out_reason": "int16",
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys(_INSTANTS, "datetime64[us]"),
}
_FLOAT = pa.float64()
_as_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Incoming:
    """The rows of one customer's marts, as columns.

    `attributes` and `health` have one row for each account, in the order of `source_ids`. `values` has one
    row for each KPI value; its `account`, `kpi`, `status` and `left_out_reason` are positions in
    `source_ids`, `kpis`, `statuses` and `reasons` (whose first is empty, for none). NULL is encoded as in
    `domain.load_plan`. `time_basis` is what resolution_time was measured by, `revenue_basis` the same
    of the revenue.
    """

    source_ids: list[str]
    attributes: dict[str, Array]
    health: dict[str, Array]
    kpis: list[str]
    statuses: list[str]
    reasons: list[str]
    values: dict[str, Array]
    time_basis: str
    revenue_basis: str
    retention: tuple[SegmentRetention, ...]
    fingerprint: str


class _Codes:
    """Encodes texts as small numbers, in the order of their first appearance."""

    def __init__(self, texts: list[str] | None = None) -> None:
        self.texts = list(texts or ())
        self._known = {text: code for code, text in enumerate(self.texts)}

    def encode(self, column: pa.Array, dtype: Any) -> Array:
        encoded = column.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        new = [text for text in texts if text not in self._known]
        self._known.update(zip(new, range(len(self.texts), len(self.texts) + len(new)), strict=True))
        self.texts += new
        codes = np.array([self._known[text] for text in texts], dtype=dtype)
        result: Array = codes[encoded.indices.to_numpy(zero_copy_only=False)]
        return result


def read_incoming(
    marts: MartReader,
    customer: str,
    as_of: datetime,
    on_rows: Callable[[int], None],
    built: BuiltAccounts | None = None,
) -> Incoming:
    """Reads the marts of `customer`. Raises LoadRefused if they hold nothing of it, or another `as_of`, and
    NotFound if they were never built. `built` is what the newest build counted: if that is of this `as_of`,
    there is no account in the marts because none counts."""
    batches = list(marts.read_mart("kpi_integrated_metrics", customer))
    if not batches:
        return _nothing(customer, as_of, built)
    accounts = pa.Table.from_batches(batches)
    _require_as_of(accounts.column("as_of"), customer, as_of)
    codes = _Codes(accounts.column("account_id").to_pylist())
    if len(set(codes.texts)) < len(codes.texts):
        raise LoadRefused(
            f"kpi_integrated_metrics has an account of '{customer}' twice.",
            next_step="Run the dbt tests of the marts, and compute the KPIs again.",
        )
    attributes = {"name": _text(accounts, "account_name")} | {
        column.name: _READERS[column.type](accounts, column.name) for column in ACCOUNT_COLUMNS
    }
    health = _health(marts, customer, accounts, codes) | _support(marts, customer, codes)
    bases = (
        _basis(accounts, "time_basis", time_bases.DEFAULT_BASIS),
        _basis(accounts, "revenue_basis", revenue_bases.DEFAULT_BASIS),
    )
    # Reading the values needs this memory.
    del accounts
    kpi_codes, status_codes, reason_codes = _Codes(), _Codes(), _Codes([""])
    parts: dict[str, list[Array]] = {name: [] for name in _TYPES}
    known, read = len(codes.texts), 0
    for batch in marts.read_mart("kpi_values", customer, VALUE_COLUMNS):
        _require_as_of(batch.column("as_of"), customer, as_of)
        parts["account"].append(codes.encode(batch.column("account_id"), np.int32))
        parts["kpi"].append(kpi_codes.encode(batch.column("kpi"), np.int16))
        parts["status"].append(status_codes.encode(batch.column("status"), np.int8))
        reasons = batch.column("left_out_reason").fill_null("")
        parts["left_out_reason"].append(reason_codes.encode(reasons, np.int16))
        for name in NUMBERS:
            parts[name].append(_number(batch, name))
        for name in _INSTANTS:
            parts[name].append(_instant(batch.column(name)))
        read += batch.num_rows
        on_rows(read)
    if len(codes.texts) > known:
        raise LoadRefused(
            f"kpi_values has account '{codes.texts[known]}' of '{customer}', kpi_integrated_metrics has not.",
            next_step="Compute the KPIs again: a build replaces both.",
        )
    values = {name: _joined(parts.pop(name), dtype) for name, dtype in _TYPES.items()}
    # What was left out is told of values that are missing for it; of others it would be news at every load.
    values["left_out_count"][values["left_out_reason"] == 0] = np.nan
    retention = read_retention(marts, customer)
    texts = kpi_codes.texts, status_codes.texts, reason_codes.texts
    fingerprint = fingerprint_of(codes.texts, attributes, health, *texts, values)
    return Incoming(codes.texts, attributes, health, *texts, values, *bases, retention, fingerprint)


def _joined(chunks: list[Array], dtype: str) -> Array:
    return np.concatenate(chunks) if chunks else np.empty(0, dtype=dtype)


def _nothing(customer: str, as_of: datetime, built: BuiltAccounts | None) -> Incoming:
    if built is None or built.as_of != as_of:
        raise LoadRefused(
            f"The marts hold nothing of customer '{customer}'.",
            next_step=f"Compute its KPIs first: kpi-platform run {customer}",
        )
    texts, numbers = np.empty(0, dtype=object), np.empty(0)
    empty = {"string": texts, "float": numbers, "date": texts}
    attributes = {"name": texts} | {column.name: empty[column.type] for column in ACCOUNT_COLUMNS}
    health = dict.fromkeys((*HEALTH_COLUMNS, *SUPPORT_METRICS), numbers) | {"sla_breaches": texts}
    values = {name: np.empty(0, dtype=dtype) for name, dtype in _TYPES.items()}
    fingerprint = fingerprint_of([], attributes, health, [], [], [], values)
    bases = time_bases.DEFAULT_BASIS, revenue_bases.DEFAULT_BASIS
    return Incoming([], attributes, health, [], [], [], values, *bases, (), fingerprint)


def _basis(accounts: pa.Table, name: str, default: str) -> str:
    """The one of the customer: accounts that only the other source knows say none."""
    return next((basis for basis in _text(accounts, name) if basis), default)


def _health(marts: MartReader, customer: str, accounts: pa.Table, codes: _Codes) -> dict[str, Array]:
    """The health mart and the further rates, in the order of the accounts."""
    size = len(codes.texts)
    known = set(accounts.column_names)
    columns = {
        name: _number(accounts, name) if name in known else np.full(size, np.nan) for name in HEALTH_COLUMNS
    }
    for batch in marts.read_mart("account_health_score", customer):
        rows = codes.encode(batch.column("account_id"), np.int32)
        inside = rows < size
        places, scored = rows[inside], set(batch.schema.names)
        for name in HEALTH_COLUMNS:
            if name in scored:
                columns[name][places] = _number(batch, name)[inside]
    return columns


def _support(marts: MartReader, customer: str, codes: _Codes) -> dict[str, Array]:
    """The support of the last 90 days, and the SLA breaches by category as JSON, in the order of the
    accounts."""
    size = len(codes.texts)
    columns = {name: np.full(size, np.nan) for name in SUPPORT_METRICS}
    for batch in marts.read_mart("servicenow_support_metrics", customer):
        rows = codes.encode(batch.column("account_id"), np.int32)
        inside = rows < size
        for name in SUPPORT_METRICS:
            columns[name][rows[inside]] = _number(batch, name)[inside]
    by_account: dict[int, list[dict[str, Any]]] = {}
    for batch in marts.read_mart("servicenow_sla_breaches", customer, _BREACH_COLUMNS):
        rows = codes.encode(batch.column("account_id"), np.int32)
        for place, row in zip(rows.tolist(), batch.select(_BREACHES).to_pylist(), strict=True):
            by_account.setdefault(place, []).append(row)
    breaches = np.full(size, None, dtype=object)
    for place, found in by_account.items():
        if place < size:
            found.sort(key=lambda row: (-row["total_tickets"], row["category"] or ""))
            breaches[place] = _as_json(found)
    return columns | {"sla_breaches": breaches}


def _text(table: pa.Table, name: str) -> Array:
    if name not in table.column_names:
        return np.full(table.num_rows, None, dtype=object)
    return np.array(table.column(name).cast(pa.string()).to_pylist(), dtype=object)


def _number(rows: pa.Table | pa.RecordBatch, name: str) -> Array:
    column = rows.column(name)
    if column.type != _FLOAT:
        column = column.cast(_FLOAT)
    return np.array(
        column.to_numpy(zero_copy_only=False) if isinstance(rows, pa.RecordBatch) else column.to_numpy()
    )


def _known_number(accounts: pa.Table, name: str) -> Array:
    # Marts that were built before an upgrade lack a column that is new; a held load of them can be released.
    return _number(accounts, name) if name in accounts.column_names else np.full(accounts.num_rows, np.nan)


_READERS: Mapping[Type, Callable[[pa.Table, str], Array]] = {
    "string": _text,
    "float": _known_number,
    "date": _text,
}


def _instant(column: Any) -> Array:
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = column.cast(pa.timestamp("us", tz="UTC"))
    return np.asarray(column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False))


def _require_as_of(column: Any, customer: str, as_of: datetime) -> None:
    ends = pc.min_max(column.cast(pa.timestamp("us", tz="UTC") if column.type.tz else pa.timestamp("us")))
    for end in (ends["min"].as_py(), ends["max"].as_py()):
        found = end if end is None or end.tzinfo else end.replace(tzinfo=UTC)
        if found != as_of:
            raise LoadRefused(
                f"The marts of '{customer}' hold the values as of {found and found.isoformat()}, "
                f"not of {as_of.isoformat()}.",
                next_step="Compute the KPIs for this as_of first, or load with that one.",
            )
