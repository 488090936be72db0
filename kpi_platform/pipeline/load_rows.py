"""The three kinds of rows of a load, in their order: accounts, their health, their KPI values."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kpi_platform.dashboard.accounts import new_account_ids
from kpi_platform.dashboard.definitions import stored_definitions
from kpi_platform.dashboard.match_store import match_outcomes, note_loaded
from kpi_platform.dashboard.tables import HEALTH_COLUMNS
from kpi_platform.dashboard.versioned import ACCOUNTS, HEALTH, VALUES, has_rows, read_current, read_series
from kpi_platform.domain.errors import LoadRefused
from kpi_platform.domain.load_accounts import UNMATCHED, Targets, target_accounts
from kpi_platform.domain.load_plan import Array, Changes, Rows, differing, distinct, plan_changes
from kpi_platform.pipeline.load_changes import ChangeWriter, changing
from kpi_platform.pipeline.load_task import LoadTask

SLICE_ACCOUNTS = 25_000
"""Accounts whose current values are in memory at a time."""

_ATTRIBUTES = ("name", "external_id", "website", "industry", "region", "revenue", "csm_name", "csm_email")
_MEASURED = ("value", "numerator", "denominator", "sample_size", "status")
_WINDOW = ("window_start", "window_end")


def load_accounts(task: LoadTask) -> Array:
    """Creates, updates and retires accounts. Returns the dashboard account of each incoming one, or UNMATCHED
    where its rows are not loaded."""
    current = _sorted(
        read_current(task.connection, ACCOUNTS, task.customer_id, ACCOUNTS.state), lambda c: c["account_id"]
    )
    known = {i: a for i, a in zip(current.columns["external_id"], current.key.tolist(), strict=True) if i}
    outcomes = match_outcomes(task.connection, task.customer_id)
    targets = target_accounts(task.incoming.source_ids, outcomes, known)
    created = _missing_accounts(task, targets)
    target = targets.account.copy()
    if created:
        target[created] = new_account_ids(task.connection, len(created), reserve=not task.dry_run)
    rows = _account_rows(task, target, current, known)
    nothing = np.zeros(len(rows), dtype=bool)
    changes = plan_changes(
        rows,
        current,
        compared=_ATTRIBUTES,
        retired=_not_null(current.columns["retired_at"]),
        older=nothing | task.any_older,
        same_time=nothing,
        replaceable=_whole(current) if task.replace and task.all_sources and not task.any_older else None,
    )
    with changing(task, ACCOUNTS) as writer:
        columns = {"account_id": rows.key, **rows.columns, "retired_at": None}
        writer.insert(columns, changes.inserted, created_at=task.as_of)
        writer.update(columns, changes.updated)
        writer.retire({"account_id": current.key, **current.columns}, changes.retired)
    task.counts["accounts_created"] = len(changes.inserted)
    task.counts["accounts_updated"] = len(changes.updated)
    task.counts["accounts_retired"] = len(changes.retired)
    if not task.dry_run:
        links = [(task.incoming.source_ids[one], int(target[one])) for one in created]
        note_loaded(task.connection, task.customer_id, links)
    return target


def load_health(task: LoadTask, target: Array) -> None:
    """The health scores and further rates of the accounts that are loaded."""
    rows = _by_account(task, target, {name: task.incoming.health[name] for name in HEALTH_COLUMNS})
    current = _sorted(
        read_current(task.connection, HEALTH, task.customer_id, HEALTH.state), lambda c: c["account_id"]
    )
    older = np.full(len(rows), task.any_older)
    changes = plan_changes(
        rows,
        current,
        compared=HEALTH_COLUMNS,
        retired=_not_null(current.columns["retired_at"]),
        older=older,
        same_time=np.zeros(len(rows), dtype=bool),
        replaceable=_whole(current) if task.replace and task.all_sources and not task.any_older else None,
    )
    with changing(task, HEALTH) as writer:
        columns = {"account_id": rows.key, **rows.columns, "as_of": task.as_of, "retired_at": None}
        writer.insert(columns, changes.inserted)
        writer.update(columns, changes.updated)
        writer.retire({"account_id": current.key, **current.columns}, changes.retired)
        if len(changes.older):
            series = read_series(task.connection, HEALTH, task.customer_id, HEALTH_COLUMNS, task.as_of, None)
            past = _sorted(series, lambda c: c["account_id"])
            writer.keep_in_history(columns, differing(rows, past, HEALTH_COLUMNS))


def load_values(task: LoadTask, target: Array, progress: Callable[[int, int], None]) -> None:
    """The KPI values, a slice of accounts after the other."""
    slugs = sorted({*stored_definitions(task.connection, task.customer_id), *task.definitions})
    key, places = _keyed_values(task, target, slugs)
    is_first = not has_rows(task.connection, VALUES, task.customer_id)
    progress(0, len(key))
    with changing(task, VALUES) as writer:
        for start, end, accounts in _slices(key // len(slugs)):
            rows = Rows(key[start:end], _value_state(task, places[start:end]))
            _load_slice(task, writer, rows, slugs, accounts, is_first)
            progress(end, len(key))


def _load_slice(
    task: LoadTask,
    writer: ChangeWriter,
    rows: Rows,
    slugs: list[str],
    accounts: tuple[int, int],
    is_first: bool,
) -> None:
    number = {slug: position for position, slug in enumerate(slugs)}
    empty = (0, -1)
    current = _values_by_key(
        read_current(
            task.connection, VALUES, task.customer_id, VALUES.state, empty if is_first else accounts
        ),
        number,
    )
    kpi = rows.key % len(slugs)
    sources = [task.definitions[slug].source if slug in task.definitions else None for slug in slugs]
    older = np.array([source is not None and task.is_older(source) for source in sources])
    same_time = np.array([source is not None and task.shown[source] == task.as_of for source in sources])
    in_scope = np.array([source is None or source in task.sources for source in sources])
    changes = plan_changes(
        rows,
        current,
        compared=(*_MEASURED, "window"),
        retired=_not_null(current.columns["retired_at"]),
        older=older[kpi],
        same_time=same_time[kpi],
        replaceable=(in_scope & ~older)[current.key % len(slugs)] if task.replace else None,
        on_duplicate=task.settings.error_handling.on_duplicate_kpi,
    )
    _check_duplicates(task, rows, changes, slugs)
    columns = _value_columns(rows, slugs) | {"as_of": task.as_of, "retired_at": None}
    writer.insert(columns, changes.inserted)
    writer.update(columns, changes.updated)
    writer.retire(_value_columns(current, slugs) | _rest(current), changes.retired)
    past_rows = 0
    if len(changes.older):
        series = read_series(task.connection, VALUES, task.customer_id, VALUES.state, task.as_of, accounts)
        old = rows.take(changes.older)
        past = differing(old, _values_by_key(series, number), (*_MEASURED, "window"))
        writer.keep_in_history(columns, changes.older[past])
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


def _missing_accounts(task: LoadTask, targets: Targets) -> list[int]:
    """Which of the accounts without a match are created; notes or refuses the others."""
    names = task.incoming.attributes["name"]
    ids = task.incoming.source_ids

    def named(positions: list[int]) -> str:
        shown = ", ".join(f"'{names[one]}' ({ids[one]})" for one in positions[:10])
        return shown + (f" and {len(positions) - 10} more" if len(positions) > 10 else "")

    if targets.unknown:
        raise LoadRefused(
            f"Accounts of '{task.customer}' were never matched: {named(targets.unknown)}.",
            next_step="Run the account matching first.",
            details={"accounts": [ids[one] for one in targets.unknown[:100]]},
        )
    policy = task.settings.error_handling.on_missing_account
    if targets.missing and policy == "error":
        raise LoadRefused(
            f"{len(targets.missing)} accounts of '{task.customer}' have no match in the dashboard: "
            f"{named(targets.missing)}. error_handling.on_missing_account is 'error', so nothing was loaded.",
            next_step="Match or add them, or set error_handling.on_missing_account to create or skip.",
            details={"accounts": [ids[one] for one in targets.missing[:100]]},
        )
    creates = policy == "create" and task.settings.account_matching.create_new_accounts and not task.any_older
    skipped = [] if creates else targets.missing
    reason = "this load is older than what is shown" if task.any_older else "it has no match in the dashboard"
    task.notes.extend(f"Skipped account '{names[one]}' ({ids[one]}): {reason}." for one in skipped)
    task.notes.extend(f"Account '{names[one]}' ({ids[one]}) waits for review." for one in targets.review)
    task.counts["accounts_skipped"] = len(skipped)
    task.counts["sent_to_review"] = len(targets.review)
    return targets.missing if creates else []


def _account_rows(task: LoadTask, target: Array, current: Rows, known: dict[Any, int]) -> Rows:
    """What the accounts shall be. A source that does not know an attribute takes none away."""
    ids = np.array(task.incoming.source_ids, dtype=object)
    rows = _by_account(task, target, {**task.incoming.attributes, "external_id": ids})
    place = np.searchsorted(current.key, rows.key)
    place[place == len(current)] = 0
    exists = current.key[place] == rows.key if len(current) else np.zeros(len(rows), dtype=bool)
    here, there = np.flatnonzero(exists), place[exists]
    columns = {}
    for name in _ATTRIBUTES:
        values = rows.columns[name].copy()
        before = current.columns[name][there]
        if name == "external_id":
            free = np.array([source_id not in known for source_id in values[here]], dtype=bool)
            values[here] = np.where(_not_null(before) | ~free, before, values[here])
        elif task.settings.account_matching.update_existing_accounts:
            values[here] = np.where(_not_null(values[here]), values[here], before)
        else:
            values[here] = before
        columns[name] = values
    columns["name"] = np.where(_not_null(columns["name"]), columns["name"], columns["external_id"])
    return Rows(rows.key, columns)


def _by_account(task: LoadTask, target: Array, columns: dict[str, Array]) -> Rows:
    """Rows by dashboard account. Where two incoming accounts are the same one, the last by source id wins."""
    chosen = np.flatnonzero(target != UNMATCHED)
    order = _rank(task.incoming.source_ids)[chosen]
    mine = {name: values[chosen] for name, values in columns.items()}
    rows = distinct(target[chosen], {}, order, "update").rows
    return Rows(target[chosen][rows], {name: values[rows] for name, values in mine.items()})


def _keyed_values(task: LoadTask, target: Array, slugs: list[str]) -> tuple[Array, Array]:
    """The values to load, one a key: ascending keys, and where the values are among the incoming ones. The
    key is account · KPI: the order of the table's own key."""
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
    order = _rank(incoming.source_ids)[values["account"]]
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
    columns["window"] = columns["window_end"] - columns["window_start"]
    return columns


def _check_duplicates(task: LoadTask, rows: Rows, changes: Changes, slugs: list[str]) -> None:
    if len(changes.duplicate):
        _duplicates(task, rows.key[changes.duplicate], slugs, "has another value for the same as_of already")


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


def _slices(accounts: Array) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Start and end of each slice, and the accounts from…to that it covers; together they cover all."""
    distinct_accounts = np.unique(accounts)
    bounds = distinct_accounts[SLICE_ACCOUNTS::SLICE_ACCOUNTS]
    starts = np.concatenate(([0], np.searchsorted(accounts, bounds), [len(accounts)]))
    lows = [0, *bounds.tolist()]
    highs = [*(bounds - 1).tolist(), 2**31 - 1]
    yield from zip(starts[:-1].tolist(), starts[1:].tolist(), zip(lows, highs, strict=True), strict=True)


def _values_by_key(columns: dict[str, Array], number: dict[str, int]) -> Rows:
    kpi = np.fromiter(map(number.__getitem__, columns["kpi"]), dtype=np.int64, count=len(columns["kpi"]))
    columns["window"] = columns["window_end"] - columns["window_start"]
    return _sorted(columns, lambda c: c["account_id"] * len(number) + kpi)


def _value_columns(rows: Rows, slugs: list[str]) -> dict[str, Any]:
    names = np.array(slugs, dtype=object)
    columns = {name: rows.columns[name] for name in (*_MEASURED, *_WINDOW)}
    return {"account_id": rows.key // len(slugs), "kpi": names[rows.key % len(slugs)], **columns}


def _rest(current: Rows) -> dict[str, Any]:
    return {"as_of": current.columns["as_of"]}


def _sorted(columns: dict[str, Array], key_of: Callable[[dict[str, Array]], Array]) -> Rows:
    key = key_of(columns).astype(np.int64)
    order = np.argsort(key, kind="stable")
    return Rows(key[order], {name: values[order] for name, values in columns.items()})


def _whole(rows: Rows) -> Array:
    return np.ones(len(rows), dtype=bool)


def _not_null(values: Array) -> Array:
    if values.dtype == object:
        return np.array([value is not None for value in values], dtype=bool)
    return ~(np.isnat(values) if values.dtype.kind in "mM" else np.isnan(values))


def _rank(texts: list[str]) -> Array:
    return np.argsort(np.argsort(np.array(texts, dtype=object), kind="stable"), kind="stable")
