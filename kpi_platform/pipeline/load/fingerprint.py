"""A hash of the rows of one customer's marts, by which a load knows that nothing has changed."""

from typing import Any

import numpy as np

from kpi_platform.domain.load_plan import Array, text_hashes

NUMBERS = ("value", "numerator", "denominator", "sample_size", "unreadable_count", "left_out_count")
"""The numbers of a KPI value."""

_HASHED_ROWS = 100_000
"""Values that are hashed at a time, to bound memory."""


def fingerprint_of(
    source_ids: list[str],
    attributes: dict[str, Array],
    health: dict[str, Array],
    kpis: list[str],
    statuses: list[str],
    reasons: list[str],
    values: dict[str, Array],
) -> str:
    """Returns a hash of all rows in any order. It covers the lengths of windows, not their ends, so a later
    `as_of` of the same values has the same fingerprint."""
    ids = _hash_texts(source_ids)
    account = ids.copy()
    for column in (*attributes.values(), *health.values()):
        account = _mix(account, _hash_texts(column) if column.dtype == object else _bits(column))
    kpi, status, reason = _hash_texts(kpis), _hash_texts(statuses), _hash_texts(reasons)
    size, sums = len(values["account"]), [_sums(account), np.zeros(2, dtype=np.uint64)]
    for start in range(0, size, _HASHED_ROWS):
        some = {name: column[start : start + _HASHED_ROWS] for name, column in values.items()}
        row = _mix(_mix(ids[some["account"]], kpi[some["kpi"]]), status[some["status"]])
        row = _mix(row, reason[some["left_out_reason"]])
        for name in NUMBERS:
            row = _mix(row, _bits(some[name]))
        sums[1] += _sums(_mix(row, (some["window_end"] - some["window_start"]).view(np.uint64)))
    numbers = [len(account), size, *(int(number) for pair in sums for number in pair)]
    return "-".join(f"{number:016x}" for number in numbers)


def _sums(hashes: Array) -> Array:
    """Two order-independent sums of row hashes: together 128 bits."""
    return np.array([_finish(hashes, seed).sum(dtype=np.uint64) for seed in (1, 2)], dtype=np.uint64)


def _bits(column: Array) -> Array:
    # Adding zero makes -0.0 and 0.0 equal; every NaN is NULL.
    plain: Array = np.where(np.isnan(column), np.nan, column + 0.0)
    return plain.view(np.uint64)


def _hash_texts(texts: Any) -> Array:
    distinct = dict.fromkeys(texts)
    distinct.pop(None, None)
    known = dict(zip(distinct, text_hashes(distinct).tolist(), strict=True)) | {None: 0}
    return np.fromiter(map(known.__getitem__, texts), np.uint64, len(texts))


def _mix(state: Array, column: Array) -> Array:
    return _finish(state * np.uint64(0x9E3779B97F4A7C15) ^ column, 0)


def _finish(state: Array, seed: int) -> Array:
    """The finaliser of splitmix64: every bit of the input reaches every bit of the output."""
    state = state + np.uint64(seed * 0xD1B54A32D192ED03 % 2**64)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Array = state ^ (state >> np.uint64(31))
    return result
