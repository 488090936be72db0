"""Computes the rows of a back-test: the score of each account at each instant, and what became of it."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from pyarrow import feather

from kpi_platform.adapters.dbt_results import BuildProgress
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.settings_versions import StoredSettings, current_settings, settings_version
from kpi_platform.domain.backtest.labels import History, Rule
from kpi_platform.domain.backtest.points import ENDS
from kpi_platform.domain.backtest.rows import AccountTimes, BacktestRows, Numbers
from kpi_platform.domain.backtest.spec import BacktestSpec
from kpi_platform.domain.errors import Conflict
from kpi_platform.domain.kpis import HEALTH_THRESHOLDS
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.backtest.instants import Instants
from kpi_platform.pipeline.backtest.past import MARTS, fields_not_known, scores_at
from kpi_platform.pipeline.backtest.present import Present, present_of
from kpi_platform.pipeline.customer_settings import has_single_customer, settings_reader
from kpi_platform.pipeline.scratch_build import scratch_input

INSTANTS_AT_ONCE = 400
"""As many customer-instants as one dbt invocation computes."""

WITH_TURNS = 8
"""The same if the destination lets one process in at a time: whoever waits for a refresh waits for this."""

Progress = Callable[[int, int, str], None]
"""Is called with how many instants are done, of how many, and what happens now."""


def backtest_rows(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    spec: BacktestSpec,
    *,
    folder: Path,
    on_progress: Progress | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> BacktestRows:
    """Returns the rows that answer `spec`, as of the customer's newest load. Nothing of the customer's own is
    written.

    What is computed is kept in `folder` until all of it is: a call with the same `folder` and `spec` goes on
    where another one was killed. Between two invocations of dbt others have their turn at the destination.
    Raises InvalidInput if the window of no instant has ended, NotFound for an unknown version of the
    settings, Conflict if `is_cancelled` says so, and BuildFailed."""
    report = on_progress or (lambda *_: None)
    settings, version = _settings(configuration, engine, customer, spec.settings_version)
    now, as_of = scratch_input(configuration, engine, customer, settings)
    instants = spec.instants(as_of)
    report(0, len(instants), "Reading what became of each account")
    past = Instants.of(configuration, replace(now, settings=settings))
    present = present_of(past, settings, as_of)
    rule = Rule(spec.gap, spec.horizon, present.has_ledger, present.population == "present")
    parts = []
    for done, chunk in _chunks(instants, WITH_TURNS if past.has_turns else INSTANTS_AT_ONCE):
        if is_cancelled():
            raise Conflict("The back-test was cancelled.", next_step="Start it again.")
        report(done, len(instants), "Computing the score of each account as it would have been")
        parts.append(_kept(folder, past, present, chunk, report, done, len(instants)))
    scores = pa.concat_tables(parts)
    times = _account_times(scores, present, rule)
    shutil.rmtree(folder, ignore_errors=True)
    report(len(instants), len(instants), "Done")
    return BacktestRows(
        account_times=times,
        outcomes=tuple(one for history in present.histories.values() for one in history.outcomes),
        as_of=as_of,
        settings_version=version,
        not_known=fields_not_known(scores, past.tables, settings),
        survivorship=present.population == "present",
        arr_known=present.has_ledger,
        currency=next((one for one in scores["arr_currency"].to_pylist() if one), None),
        names=dict(zip(scores["account_id"].to_pylist(), scores["account_name"].to_pylist(), strict=True)),
    )


def _settings(
    configuration: Configuration, engine: sa.Engine, customer: str, version: int | None
) -> tuple[CustomerSettings, int]:
    with reading(engine) as connection:
        key = get_customer(connection, customer).key
        stored: StoredSettings | None = (
            current_settings(connection, key)
            if version is None
            else settings_version(connection, key, version)
        )
        read = settings_reader(configuration, single_customer=has_single_customer(connection))
    return read(stored), stored.version if stored else 0


def _chunks(instants: Sequence[datetime], size: int) -> Iterator[tuple[int, Sequence[datetime]]]:
    for place in range(0, len(instants), size):
        yield place, instants[place : place + size]


def _kept(
    folder: Path,
    past: Instants,
    present: Present,
    instants: Sequence[datetime],
    on_progress: Progress,
    done: int,
    total: int,
) -> pa.Table:
    """The scores at `instants`: read from the folder if they are there."""
    asked = [
        present.settings.model_dump_json(),
        present.population,
        *(one.isoformat() for one in instants),
    ]
    file = folder / f"{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]}.arrow"
    if file.exists():
        return feather.read_table(file)

    def tell(progress: BuildProgress) -> None:
        on_progress(done + len(instants) * progress.done // max(progress.total, 1), total, progress.node)

    with past.computed(present.settings, instants, MARTS, present.population, on_node=tell) as computed:
        scores = scores_at(computed, present.settings.health_score.scheme)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    feather.write_feather(scores, unfinished)
    unfinished.replace(file)
    return scores


def _account_times(scores: pa.Table, present: Present, rule: Rule) -> AccountTimes:
    """The population at each instant, with what became of it."""
    accounts = scores["account_id"].to_pylist()
    moments = scores["t"].to_pylist()
    arr = _numbers(scores, "arr")
    counts = np.zeros(len(accounts), dtype=bool)
    labels = np.full(len(accounts), np.nan)
    dates = np.full(len(accounts), np.datetime64("NaT"), dtype="datetime64[us]")
    lost = np.full(len(accounts), np.nan)
    for place, (account, t) in enumerate(zip(accounts, moments, strict=True)):
        history = present.histories.get(account) or History()
        if (present.has_ledger and not arr[place] > 0) or history.had_left(t):
            continue
        counts[place] = True
        label, outcome = rule.label(history, t)
        labels[place] = np.nan if label is None else label
        if outcome is not None:
            dates[place] = np.datetime64(outcome.outcome_date.replace(tzinfo=None), "us")
            lost[place] = np.nan if outcome.arr_before is None else outcome.arr_before
    score = _numbers(scores, "score")
    bands = np.array(
        [None if np.isnan(one) else HEALTH_THRESHOLDS.band(float(one), "high") for one in score], dtype=object
    )
    return AccountTimes(
        account_id=np.array(accounts, dtype=object),
        t=np.array([np.datetime64(t.replace(tzinfo=None), "us") for t in moments], dtype="datetime64[us]"),
        arr=arr,
        label=labels,
        outcome_date=dates,
        outcome_arr=lost,
        score=score,
        band=bands,
        churn_risk=_numbers(scores, "churn_risk_value"),
        crm_health_score=_numbers(scores, "crm_health_score"),
        inputs={name: _numbers(scores, name) for name in ENDS},
    ).where(counts)


def _numbers(table: pa.Table, name: str) -> Numbers:
    numbers: Numbers = table[name].cast(pa.float64()).to_numpy().astype(float)
    return numbers
