"""Plans the accounts of a load and their health scores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard.match_store import match_outcomes
from kpi_platform.dashboard.tables import HEALTH_COLUMNS, SUPPORT_METRICS
from kpi_platform.dashboard.versioned import ACCOUNTS, HEALTH, read_current, read_series
from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS
from kpi_platform.domain.account_names import is_named, shown_name
from kpi_platform.domain.errors import LoadRefused
from kpi_platform.domain.load_accounts import UNMATCHED, Outcome, Targets, target_accounts
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

_HEALTH = (*HEALTH_COLUMNS, *SUPPORT_METRICS, "sla_breaches")
_MEASURED = {column.name for column in ACCOUNT_COLUMNS if column.is_measured}
_ATTRIBUTES = ("name", "external_id", *(column.name for column in ACCOUNT_COLUMNS))


@dataclass(frozen=True, slots=True)
class Placed:
    """The dashboard accounts of incoming ones.

    `target` has the dashboard account of each incoming one, or UNMATCHED if its rows are not loaded.
    `created` are the positions of accounts to create, which have no number yet. `known` maps external ids to
    accounts.
    """

    current: Rows
    known: dict[Any, int]
    target: Array
    created: list[int]


def place_accounts(connection: sa.Connection, tasks: Sequence[LoadTask]) -> list[Placed]:
    """Finds the dashboard account of each incoming account, for each load. Accounts without a match are
    created, skipped or refused (LoadRefused), as the settings say."""
    customers = [task.customer_id for task in tasks]
    accounts, outcomes = read_current(connection, ACCOUNTS, customers), match_outcomes(connection, customers)
    return [_place(task, accounts.pop(task.customer_id), outcomes.pop(task.customer_id)) for task in tasks]


def _place(task: LoadTask, accounts: Mapping[str, Array], outcomes: Mapping[str, Outcome]) -> Placed:
    current = _by_id(accounts)
    known = {i: a for i, a in zip(current.columns["external_id"], current.key.tolist(), strict=True) if i}
    targets = target_accounts(task.incoming.source_ids, outcomes, known)
    created = _missing_accounts(task, targets)
    _require_all_accounted_for(task, int(np.count_nonzero(targets.account != UNMATCHED)), len(created))
    return Placed(current, known, targets.account, created)


def load_accounts(task: LoadTask, placed: Placed, new_ids: Iterator[int], writer: LoadWriter) -> Array:
    """Creates, updates and retires accounts; new ones take their numbers from `new_ids`. Returns the
    dashboard account of each incoming one, or UNMATCHED if its rows are not loaded."""
    current, target = placed.current, placed.target.copy()
    target[placed.created] = list(islice(new_ids, len(placed.created)))
    rows = _account_rows(task, target, current, placed.known)
    changes = plan_changes(
        rows,
        current,
        compared=_ATTRIBUTES,
        retired=not_null(current.columns["retired_at"]),
        older=np.full(len(rows), task.any_older),
        same_time=np.zeros(len(rows), dtype=bool),
        replaceable=np.full(len(current), task.retires_accounts),
    )
    columns = {**task.upload, "account_id": rows.key, **rows.columns, "retired_at": None}
    writer.change(ACCOUNTS, "inserted", columns | {"created_at": task.as_of}, changes.inserted)
    writer.change(ACCOUNTS, "updated", columns, changes.updated)
    writer.change(ACCOUNTS, "retired", _retiring(task, current), changes.retired)
    writer.note_loaded(task.customer_id, task.version, created=bool(placed.created))
    task.counts["accounts_created"] = len(changes.inserted)
    task.counts["accounts_updated"] = len(changes.updated)
    task.counts["accounts_retired"] = len(changes.retired)
    return target


def _retiring(task: LoadTask, current: Rows) -> dict[str, Any]:
    """The columns of rows that are retired, one row for each account."""
    return {**task.upload, "account_id": current.key, **current.columns, "retired_at": task.as_of}


def _require_all_accounted_for(task: LoadTask, matched: int, created: int) -> None:
    """Raises LoadRefused unless each source account is matched, created, skipped or in review."""
    parts = (matched, created, task.counts["accounts_skipped"], task.counts["sent_to_review"])
    if sum(parts) != len(task.incoming.source_ids):
        raise LoadRefused(
            f"'{task.customer}' has {len(task.incoming.source_ids)} source accounts, but {parts[0]} are "
            f"matched, {parts[1]} created, {parts[2]} skipped and {parts[3]} in review.",
            next_step="Match the accounts again; if it stays so, report it with the run's log.",
        )


def load_health(task: LoadTask, target: Array, loaded: Loaded, writer: LoadWriter) -> None:
    """Plans the health scores and the support of the loaded accounts."""
    rows = _by_account(task, target, {name: task.incoming.health[name] for name in _HEALTH})
    there = loaded.health
    if there is None:
        there = read_current(task.connection, HEALTH, [task.customer_id])[task.customer_id]
    current = _by_id(there)
    changes = plan_changes(
        rows,
        current,
        compared=_HEALTH,
        retired=not_null(current.columns["retired_at"]),
        older=np.full(len(rows), task.any_older),
        same_time=np.zeros(len(rows), dtype=bool),
        replaceable=np.full(len(current), task.retires_accounts),
    )
    columns = {
        **task.upload,
        "account_id": rows.key,
        **rows.columns,
        "as_of": task.as_of,
        "retired_at": None,
    }
    writer.change(HEALTH, "inserted", columns, changes.inserted)
    writer.change(HEALTH, "updated", columns, changes.updated)
    writer.change(HEALTH, "retired", _retiring(task, current), changes.retired)
    if len(changes.older):
        series = read_series(task.connection, HEALTH, task.customer_id, _HEALTH, task.as_of, None)
        past = differing(rows, _by_id(series), _HEALTH)
        writer.change(HEALTH, "history_only", columns, past)


def _missing_accounts(task: LoadTask, targets: Targets) -> list[int]:
    """The positions of accounts to create; notes or refuses (LoadRefused) the others without a match."""
    names = task.incoming.attributes["name"]
    ids = task.incoming.source_ids

    def named(positions: list[int]) -> str:
        shown = ", ".join(f"'{shown_name(names[one], ids[one])}' ({ids[one]})" for one in positions[:10])
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
    # The order of rows is the warehouse's own.
    waiting, skipped = (sorted(some, key=lambda one: ids[one]) for some in (targets.review, targets.missing))
    if creates:
        skipped = []
    reason = "this load is older than what is shown" if task.any_older else "it has no match in the dashboard"
    task.notes.extend(f"Skipped account {named([one])}: {reason}." for one in skipped)
    task.notes.extend(f"Account {named([one])} waits for review." for one in waiting)
    task.counts["accounts_skipped"] = len(skipped)
    task.counts["sent_to_review"] = len(targets.review)
    return targets.missing if creates else []


def _account_rows(task: LoadTask, target: Array, current: Rows, known: dict[Any, int]) -> Rows:
    """The new state of the accounts. An attribute that comes in empty keeps its present value, one that
    is measured does not; an account without a name is called by its id."""
    ids = np.array(task.incoming.source_ids, dtype=object)
    rows = _by_account(task, target, {**task.incoming.attributes, "external_id": ids})
    rows.columns["name"][~_named(rows.columns["name"])] = None
    place = np.searchsorted(current.key, rows.key)
    place[place == len(current)] = 0
    exists = current.key[place] == rows.key if len(current) else np.zeros(len(rows), dtype=bool)
    here, there = np.flatnonzero(exists), place[exists]
    columns = {}
    for name in _ATTRIBUTES:
        values = rows.columns[name].copy()
        before = current.columns[name][there]
        if name in _MEASURED:
            pass
        elif name == "external_id":
            free = np.array([source_id not in known for source_id in values[here]], dtype=bool)
            values[here] = np.where(not_null(before) | ~free, before, values[here])
        elif task.settings.account_matching.update_existing_accounts:
            values[here] = np.where(not_null(values[here]), values[here], before)
        else:
            values[here] = before
        columns[name] = values
    columns["name"] = np.where(_named(columns["name"]), columns["name"], columns["external_id"])
    return Rows(rows.key, columns)


def _named(names: Array) -> Array:
    # The usual name begins with a letter or digit, which a look from here can tell.
    return np.array(
        [name is not None and (name[:1].isalnum() or is_named(name)) for name in names], dtype=bool
    )


def _by_id(columns: Mapping[str, Array]) -> Rows:
    return rows_by(columns["account_id"], columns)


def _by_account(task: LoadTask, target: Array, columns: dict[str, Array]) -> Rows:
    """One row for each dashboard account. If two incoming accounts share one, the last by source id wins."""
    chosen = np.flatnonzero(target != UNMATCHED)
    order = rank(np.array(task.incoming.source_ids, dtype=object))[chosen]
    mine = {name: values[chosen] for name, values in columns.items()}
    rows = distinct(target[chosen], {}, order, "update").rows
    return Rows(target[chosen][rows], {name: values[rows] for name, values in mine.items()})
