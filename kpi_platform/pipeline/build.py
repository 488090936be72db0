"""Computes the KPIs of many customers: one dbt invocation a destination."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.dbt_results import BuildProgress, NodeResult
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_counts import record_account_counts
from kpi_platform.domain.account_counts import AccountCounts
from kpi_platform.domain.errors import BuildFailed, KpiPlatformError
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.account_counts import count_accounts
from kpi_platform.pipeline.batch import Batch, batch_of, by_destination, in_utc, read_inputs
from kpi_platform.pipeline.batch_marts import BatchMarts
from kpi_platform.pipeline.checks import Check, check_of
from kpi_platform.pipeline.kpi_definitions import with_overrides
from kpi_platform.pipeline.places import settle

TURN_SECONDS = 3600.0
"""How long a build waits for the builds before it."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """`built`: customer → mart → rows. `failed`: customer → why. Every customer that was asked for is in
    exactly one of the two. The rows of a failed one are the old ones or incomplete: nothing to load. `marts`:
    the reader of the marts of each that is built, if all were; rows for matching and load are read already if
    they are few. `accounts`: which accounts of the same customers count. `settings` are those that each was
    computed with, by customer."""

    built: Mapping[str, Mapping[str, int]]
    failed: Mapping[str, KpiPlatformError]
    checks: Sequence[Check]
    seconds: float = field(compare=False)
    marts: Mapping[str, BatchMarts] = field(default_factory=dict, compare=False, repr=False)
    accounts: Mapping[str, AccountCounts] = field(default_factory=dict)
    settings: Mapping[str, CustomerSettings] = field(default_factory=dict, compare=False, repr=False)


def build_kpis(
    configuration: Configuration,
    engine: sa.Engine,
    customers: Sequence[str],
    as_of: datetime,
    *,
    run_id: str | None = None,
    select: Sequence[str] | None = None,
    on_progress: Callable[[BuildProgress], None] | None = None,
    mapping_overrides: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    strict: bool = False,
) -> BuildReport:
    """Computes all marts of `customers` at `as_of` (aware) and replaces exactly their rows. A customer that
    cannot be computed fails alone, by name; what concerns a whole destination fails all its customers.

    `select` limits the build to these dbt nodes (dbt's selection syntax). `run_id` goes to dbt as a var.
    `mapping_overrides` (by customer and KPI, as in `kpi_mappings`) hold for this build only. `strict`: only
    what was known at `as_of` counts, as `batch_of` says."""
    started, as_of = time.monotonic(), in_utc(as_of)
    inputs, failed = read_inputs(configuration, engine, customers)
    refused = settle(engine, inputs, again=True)
    failed |= refused
    inputs = [one for one in inputs if one.customer not in refused]
    overrides = mapping_overrides or {}
    inputs = [
        replace(one, settings=with_overrides(one.settings, overrides.get(one.customer, {}))) for one in inputs
    ]
    built: dict[str, Mapping[str, int]] = {}
    marts: dict[str, BatchMarts] = {}
    accounts: dict[str, AccountCounts] = {}
    checks: list[Check] = []
    for group in by_destination(inputs):
        destination = group[0].destination.within(TURN_SECONDS)
        build = _BatchBuild(DbtProject(configuration, destination), run_id, select, on_progress)
        with ExitStack() as turn:
            try:
                build.project.load()
                turn.enter_context(destination.exclusive())
            except KpiPlatformError as error:
                failed |= dict.fromkeys([one.customer for one in group], error)
                continue
            batch = batch_of(group, as_of, strict=strict)
            wrong, found = build.compute(batch)
            checks += found
            failed |= {**batch.left_out, **wrong}
            done = [customer for customer in batch.customers if customer not in wrong]
            built |= build.rows(done)
            if select is None:
                reader = BatchMarts(destination, done)
                reader.read_ahead()
                marts |= dict.fromkeys(done, reader)
                accounts |= count_accounts(destination, done)
    with engine.begin() as connection:
        record_account_counts(connection, accounts, as_of)
    settings = {one.customer: one.settings for one in inputs}
    return BuildReport(built, failed, checks, time.monotonic() - started, marts, accounts, settings)


@dataclass(slots=True)
class _BatchBuild:
    """The dbt invocations of one batch: one if all goes well, more to find the customer that breaks it."""

    project: DbtProject
    run_id: str | None
    select: Sequence[str] | None
    on_progress: Callable[[BuildProgress], None] | None
    marts: dict[str, None] = field(default_factory=dict)

    def compute(self, batch: Batch) -> tuple[dict[str, KpiPlatformError], list[Check]]:
        """Computes and tests the batch. Returns the customers that have failed and why, and the outcome of
        the data tests. If something fails, all models run again before all tests, to find whose it is."""
        if not batch.customers:
            return {}, []
        failed: dict[str, KpiPlatformError] = {}
        try:
            results = self._invoke("build", batch, fail_fast=True)
            if all(result.status in ("success", "pass", "warn") for result in results):
                return {}, self._checks(results, batch)
            failed = self._models(batch)
            computed = batch.only([customer for customer in batch.customers if customer not in failed])
            if not computed.customers:
                return failed, []
            checks = self._checks(self._invoke("test", computed), computed)
        except KpiPlatformError as error:
            return dict.fromkeys(batch.customers, error) | failed, []
        for check in checks:
            for customer in check.blamed:
                failed.setdefault(customer, check.as_error(customer))
        return failed, checks

    def _checks(self, results: Sequence[NodeResult], batch: Batch) -> list[Check]:
        tests = (result for result in results if result.kind == "test")
        return [check_of(self.project.destination, result, batch.customers) for result in tests]

    def _models(self, batch: Batch) -> dict[str, KpiPlatformError]:
        """Computes the batch; those who cannot be computed, and why."""
        errors = self._run(batch)
        if errors and len(batch.customers) > 1:
            # A failure without any customer is not caused by anybody's data.
            errors = self._run(batch.only([]))
            if not errors:
                return self._halves(batch)
        return {customer: _failure(customer, errors) for customer in batch.customers} if errors else {}

    def rows(self, customers: Sequence[str]) -> dict[str, Mapping[str, int]]:
        """Customer → mart → rows."""
        counted = self.project.destination.mart_rows(list(self.marts), customers)
        none = dict.fromkeys(self.marts, 0)
        return {customer: none | counted.get(customer, {}) for customer in customers}

    def _halves(self, batch: Batch) -> dict[str, KpiPlatformError]:
        if len(batch.customers) == 1:
            errors = self._run(batch)
            return {customer: _failure(customer, errors) for customer in batch.customers} if errors else {}
        middle = len(batch.customers) // 2
        failed: dict[str, KpiPlatformError] = {}
        for half in (batch.customers[:middle], batch.customers[middle:]):
            part = batch.only(half)
            if len(half) == 1 or self._run(part):
                failed |= self._halves(part)
        return failed

    def _run(self, batch: Batch) -> list[NodeResult]:
        """Returns the nodes that failed; none if the batch is computed."""
        results = self._invoke("run", batch, fail_fast=len(batch.customers) > 1)
        failed = [result for result in results if result.status == "error"]
        return failed or [result for result in results if result.status == "skipped"]

    def _invoke(
        self, command: Literal["build", "run", "test"], batch: Batch, *, fail_fast: bool = False
    ) -> list[NodeResult]:
        results = self.project.build(
            command,
            batch.vars() | {"run_id": self.run_id},
            select=self.select,
            fail_fast=fail_fast,
            on_node=self.on_progress,
        )
        self.marts |= {one.name: None for one in results if one.kind == "model" and one.status == "success"}
        return results


def _failure(customer: str, errors: Sequence[NodeResult]) -> BuildFailed:
    first = errors[0]
    return BuildFailed(
        f"The KPIs of customer {customer} could not be computed: {first.name} failed. {first.message}",
        next_step="Mend the table that the message is about, or switch it off in the settings.",
        details={"customer": customer, "nodes": [error.name for error in errors]},
    )
