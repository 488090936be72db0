"""Plans the KPI values of a load, one slice of accounts after the other."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from kpi_platform.dashboard.versioned import VALUES, read_current_part, read_series
from kpi_platform.domain.errors import LoadRefused
from kpi_platform.domain.load_accounts import UNMATCHED
from kpi_platform.domain.load_plan import (
    Array,
    Rows,
    differing,
    distinct,
    not_null,
    plan_changes,
    rank,
    rows_by,
)
from kpi_platform.pipeline.load.task import Loaded, LoadTask
from kpi_platform.pipeline.load.write import LoadWriter

SLICE_ACCOUNTS = 10_000
"""Accounts whose current values are in memory at once."""

_MEASURED = (
    "value", "numerator", "denominator", "sample_size", "unreadable_count", "left_out_count",
    "left_out_reason", "status",
)  # fmt: skip
_WINDOW = ("window_start", "window_end")


def load_values(
    task: LoadTask, target: Array, loaded: Loaded, writer: LoadWriter, progress: Callable[[int, int], None]
) -> None:
    """Compares the incoming values with the current ones and gives `writer` what changes."""
    slugs = sorted({*loaded.definitions, *task.definitions})
    key, places = _keyed_values(task, target, slugs)
    progress(0, len(key))
    some = loaded.values is not None and len(loaded.values["account_id"])
    for start, end, accounts in _slices(key // len(slugs), 2**31 if some else SLICE_ACCOUNTS):
        rows = Rows(key[start:end], _value_state(task, places[start:end]))
        current = loaded.values
        if current is None:
            current = read_current_part(task.connection, VALUES, task.customer_id, accounts)
        _load_slice(task, writer, rows, current, slugs, accounts)
        progress(end, len(key))


def _load_slice(
    task: LoadTask,
    writer: LoadWriter,
    rows: Rows,
    there: Mapping[str, Array],
    slugs: list[str],
    accounts: tuple[int, int],
) -> None:
    number = {slug: position for position, slug in enumerate(slugs)}
    current = _values_by_key(there, number)
    kpi = rows.key % len(slugs)
    sources = [task.definitions[slug].source if slug in task.definitions else None for slug in slugs]
    older = np.array([source is not None and task.is_older(source) for source in sources])
    same_time = np.array([source is not None and task.shown[source] == task.as_of for source in sources])
    in_scope = np.array([source is None or source in task.sources for source in sources])
    changes = plan_changes(
        rows,
        current,
        compared=(*_MEASURED, "window"),
        retired=not_null(current.columns["retired_at"]),
        older=older[kpi],
        same_time=same_time[kpi],
        replaceable=(in_scope & ~older)[current.key % len(slugs)] if task.replace else None,
        on_duplicate=task.settings.error_handling.on_duplicate_kpi,
    )
    if len(changes.duplicate):
        keys = rows.key[changes.duplicate]
        _duplicates(task, keys, slugs, "has another value for the same as_of already")
    columns = task.upload | _value_columns(rows, slugs) | {"as_of": task.as_of, "retired_at": None}
    retired = {"as_of": current.columns["as_of"], "retired_at": task.as_of}
    writer.change(VALUES, "inserted", columns, changes.inserted)
    writer.change(VALUES, "updated", columns, changes.updated)
    _note_lost(task, writer, rows.take(changes.updated), current, slugs)
    writer.change(VALUES, "retired", task.upload | _value_columns(current, slugs) | retired, changes.retired)
    past_rows = 0
    if len(changes.older):
        series = read_series(task.connection, VALUES, task.customer_id, VALUES.state, task.as_of, accounts)
        old = rows.take(changes.older)
        past = differing(old, _values_by_key(series, number), (*_MEASURED, "window"))
        writer.change(VALUES, "history_only", columns, changes.older[past])
        past_rows = len(past)
    for name, count in (
        ("kpis_inserted", len(changes.inserted)),
        ("kpis_updated", len(changes.updated)),
        ("kpis_retired", len(changes.retired)),
        ("kpis_history_only", past_rows),
        ("kpis_unchanged", changes.unchanged + len(changes.older) - past_rows),
        ("kpis_skipped", len(changes.duplicate)),
    ):
        task.counts[name] += count


def _note_lost(task: LoadTask, writer: LoadWriter, updated: Rows, current: Rows, slugs: list[str]) -> None:
    """Gives `writer` the values that were shown and that the load takes away."""
    before = current.take(np.searchsorted(current.key, updated.key))
    shown = not_null(before.columns["value"]) & ~not_null(before.columns["retired_at"])
    lost = before.take(shown & ~not_null(updated.columns["value"]))
    columns = _value_columns(lost, slugs)
    writer.lose(task.upload | {name: columns[name] for name in ("account_id", "kpi", "value")}, len(lost))


def _keyed_values(task: LoadTask, target: Array, slugs: list[str]) -> tuple[Array, Array]:
    """One value for each key: the keys, ascending, and the positions of their values in the incoming ones.

    A key is `account id * number of KPIs + KPI`, which sorts as the table's primary key does.
    """
    incoming, values = task.incoming, task.incoming.values
    number = {slug: position for position, slug in enumerate(slugs)}
    wanted = np.array([number.get(slug, -1) for slug in incoming.kpis], dtype=np.int64)
    for code, slug in enumerate(incoming.kpis):
        definition = task.definitions.get(slug)
        if definition is None:
            task.notes.append(f"Skipped KPI '{slug}': the settings do not have it.")
        if definition is None or definition.source not in task.sources:
            wanted[code] = -1
    account, kpi = target[values["account"]], wanted[values["kpi"]] if len(wanted) else values["kpi"]
    key = np.where((account != UNMATCHED) & (kpi >= 0), account * len(slugs) + kpi, UNMATCHED)
    policy = task.settings.error_handling.on_duplicate_kpi
    order = rank(np.array(incoming.source_ids, dtype=object))[values["account"]]
    measured = {name: values[name] for name in _MEASURED}
    chosen = np.flatnonzero(key != UNMATCHED)
    if len(chosen) < len(key):
        measured = {name: column[chosen] for name, column in measured.items()}
    key, order = key[chosen], order[chosen]
    picked = distinct(key, measured, order, policy)
    if len(picked.clashing):
        _duplicates(task, key[picked.clashing], slugs, "comes in more than once with different values")
    return key[picked.rows], chosen[picked.rows]


def _value_state(task: LoadTask, places: Array) -> dict[str, Array]:
    columns = {name: task.incoming.values[name][places] for name in (*_MEASURED, *_WINDOW)}
    columns["status"] = np.array([*task.incoming.statuses, None], dtype=object)[columns["status"]]
    reasons = np.array([reason or None for reason in task.incoming.reasons], dtype=object)
    columns["left_out_reason"] = reasons[columns["left_out_reason"]]
    columns["window"] = columns["window_end"] - columns["window_start"]
    return columns


def _duplicates(task: LoadTask, keys: Array, slugs: list[str], what: str) -> None:
    shown = [f"KPI '{slugs[key % len(slugs)]}' of account {key // len(slugs)} {what}" for key in keys[:10]]
    policy = task.settings.error_handling.on_duplicate_kpi
    if policy == "error":
        raise LoadRefused(
            f"{len(keys)} duplicate KPIs of '{task.customer}': {'; '.join(shown)}. "
            "error_handling.on_duplicate_kpi is 'error', so nothing was loaded.",
            next_step="Load with a later as_of, or set error_handling.on_duplicate_kpi to update or skip.",
        )
    word = "Kept one" if policy == "update" else "Skipped"
    task.notes.extend(f"{word}: {line}." for line in shown)


def _slices(accounts: Array, at_once: int) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Start and end of each slice, and its account ids from…to (inclusive); together they cover all ids."""
    bounds = np.unique(accounts)[at_once::at_once]
    starts = np.concatenate(([0], np.searchsorted(accounts, bounds), [len(accounts)]))
    lows = [0, *bounds.tolist()]
    highs = [*(bounds - 1).tolist(), 2**31 - 1]
    yield from zip(starts[:-1].tolist(), starts[1:].tolist(), zip(lows, highs, strict=True), strict=True)


def _values_by_key(columns: Mapping[str, Array], number: dict[str, int]) -> Rows:
    kpi = np.fromiter(map(number.__getitem__, columns["kpi"]), dtype=np.int64, count=len(columns["kpi"]))
    window = columns["window_end"] - columns["window_start"]
    return rows_by(columns["account_id"] * len(number) + kpi, {**columns, "window": window})


def _value_columns(rows: Rows, slugs: list[str]) -> dict[str, Any]:
    names = np.array(slugs, dtype=object)
    columns = {name: rows.columns[name] for name in (*_MEASURED, *_WINDOW)}
    return {"account_id": rows.key // len(slugs), "kpi": names[rows.key % len(slugs)], **columns}
