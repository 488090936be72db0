"""The accounts of a load and their health."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kpi_platform.dashboard.accounts import new_account_ids
from kpi_platform.dashboard.match_store import match_outcomes, note_loaded
from kpi_platform.dashboard.tables import HEALTH_COLUMNS
from kpi_platform.dashboard.versioned import ACCOUNTS, HEALTH, read_current, read_series
from kpi_platform.domain.errors import LoadRefused
from kpi_platform.domain.load_accounts import UNMATCHED, Targets, target_accounts
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
from kpi_platform.pipeline.load_changes import changing
from kpi_platform.pipeline.load_task import LoadTask

_ATTRIBUTES = ("name", "external_id", "website", "industry", "region", "revenue", "csm_name", "csm_email")


def load_accounts(task: LoadTask) -> Array:
    """Creates, updates and retires accounts. Returns the dashboard account of each incoming one, or UNMATCHED
    where its rows are not loaded."""
    current = _by_id(read_current(task.connection, ACCOUNTS, task.customer_id, ACCOUNTS.state))
    known = {i: a for i, a in zip(current.columns["external_id"], current.key.tolist(), strict=True) if i}
    outcomes = match_outcomes(task.connection, task.customer_id)
    targets = target_accounts(task.incoming.source_ids, outcomes, known)
    created = _missing_accounts(task, targets)
    target = targets.account.copy()
    matched = int(np.count_nonzero(target != UNMATCHED))
    if created:
        target[created] = new_account_ids(task.connection, len(created), reserve=not task.dry_run)
    rows = _account_rows(task, target, current, known)
    changes = plan_changes(
        rows,
        current,
        compared=_ATTRIBUTES,
        retired=not_null(current.columns["retired_at"]),
        older=np.full(len(rows), task.any_older),
        same_time=np.zeros(len(rows), dtype=bool),
        replaceable=np.full(len(current), task.retires_accounts),
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
        note_loaded(task.connection, task.customer_id, task.version, created=bool(created))
    _require_all_accounted_for(task, matched, len(created))
    return target


def _require_all_accounted_for(task: LoadTask, matched: int, created: int) -> None:
    """Every source account is matched, created, skipped or waits for review: none is lost, none twice."""
    parts = (matched, created, task.counts["accounts_skipped"], task.counts["sent_to_review"])
    if sum(parts) != len(task.incoming.source_ids):
        raise LoadRefused(
            f"'{task.customer}' has {len(task.incoming.source_ids)} source accounts, but {parts[0]} are "
            f"matched, {parts[1]} created, {parts[2]} skipped and {parts[3]} in review.",
            next_step="Match the accounts again; if it stays so, report it with the run's log.",
        )


def load_health(task: LoadTask, target: Array) -> None:
    """The health scores and further rates of the accounts that are loaded."""
    rows = _by_account(task, target, {name: task.incoming.health[name] for name in HEALTH_COLUMNS})
    current = _by_id(task.loaded(HEALTH))
    changes = plan_changes(
        rows,
        current,
        compared=HEALTH_COLUMNS,
        retired=not_null(current.columns["retired_at"]),
        older=np.full(len(rows), task.any_older),
        same_time=np.zeros(len(rows), dtype=bool),
        replaceable=np.full(len(current), task.retires_accounts),
    )
    with changing(task, HEALTH) as writer:
        columns = {"account_id": rows.key, **rows.columns, "as_of": task.as_of, "retired_at": None}
        writer.insert(columns, changes.inserted)
        writer.update(columns, changes.updated)
        writer.retire({"account_id": current.key, **current.columns}, changes.retired)
        if len(changes.older):
            series = read_series(task.connection, HEALTH, task.customer_id, HEALTH_COLUMNS, task.as_of, None)
            past = _by_id(series)
            writer.keep_in_history(columns, differing(rows, past, HEALTH_COLUMNS))


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
            values[here] = np.where(not_null(before) | ~free, before, values[here])
        elif task.settings.account_matching.update_existing_accounts:
            values[here] = np.where(not_null(values[here]), values[here], before)
        else:
            values[here] = before
        columns[name] = values
    columns["name"] = np.where(not_null(columns["name"]), columns["name"], columns["external_id"])
    return Rows(rows.key, columns)


def _by_id(columns: Mapping[str, Array]) -> Rows:
    return rows_by(columns["account_id"], columns)


def _by_account(task: LoadTask, target: Array, columns: dict[str, Array]) -> Rows:
    """Rows by dashboard account. Where two incoming accounts are the same one, the last by source id wins."""
    chosen = np.flatnonzero(target != UNMATCHED)
    order = rank(np.array(task.incoming.source_ids, dtype=object))[chosen]
    mine = {name: values[chosen] for name, values in columns.items()}
    rows = distinct(target[chosen], {}, order, "update").rows
    return Rows(target[chosen][rows], {name: values[rows] for name, values in mine.items()})
