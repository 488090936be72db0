"""A run over any list of customers: its members, and what Dagster records of each.

Dagster's own runs take a partition or a contiguous range, and an output materialises all of it. A batch is
any list, and some of its customers may fail. So a batch records its events itself (docs/decisions/0005):
planned for every customer, materialised for those that succeeded. A partition that stays planned in a failed
run is shown as failed.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from traceback import format_exception
from typing import Any, TypeVar

import dagster as dg

from kpi_platform.defs import partition_events
from kpi_platform.defs.dagster_insides import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    EXTERNALLY_MANAGED_ASSETS_TAG,
    PARTITION_NAME_TAG,
    RawMetadataValue,
)
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.domain.errors import KpiPlatformError, UnknownCustomer
from kpi_platform.process import in_background
from kpi_platform.tracing import traced

CUSTOMERS_TAG = "kpi/customers"
"""Run tag: the customers of a batch, separated by commas. Without it the run's partitions are the batch."""

AS_OF_TAG = "kpi/as_of"
"""Run tag: the instant the KPIs are computed for, ISO 8601. Set once for each run; default its start."""

STRICT_TAG = "kpi/strict"
"""Run tag: `true` for a run that computes only from what was known at its instant."""

LOST_TAG = "kpi/lost"
"""Run tag: this run's id, a colon, and the customers that a step has lost; later steps leave them out."""

OWN_EVENTS = {EXTERNALLY_MANAGED_ASSETS_TAG: "true"}
"""Tag of runs whose asset events, planned and materialised, we record and not Dagster."""

PRESENT = timedelta(minutes=15)
"""Longest time between a run's instant and its start for which it is a run for the present."""

STORED_AFTER = 2.0
"""Seconds after which the materialisations of a step that goes on are stored."""

Metadata = Mapping[str, RawMetadataValue]

Result = TypeVar("Result")

watcher: ContextVar[Callable[[str, str, Metadata], None]] = ContextVar("watcher", default=lambda *_: None)
"""Called for each partition that a step of this process has made, with asset, customer and metadata."""


def batch_tags(
    instance: dg.DagsterInstance, customers: Sequence[str], as_of: datetime | None = None
) -> dict[str, str]:
    """Returns the tags with which a run covers exactly `customers` (at least one, all of them partitions).

    Dagster wants a range as well, to look up inputs; it gets the span of the batch. Raises UnknownCustomer.
    """
    partitions = instance.get_dynamic_partitions(CUSTOMERS_NAME)
    places = {customer: place for place, customer in enumerate(partitions)}
    unknown = sorted(set(customers) - set(places))
    if unknown or not customers:
        raise UnknownCustomer(
            f"There is no partition for {', '.join(unknown) or 'an empty batch'}.",
            next_step="Name customers that `kpi-platform customer list` shows.",
        )
    ordered = sorted(set(customers), key=places.__getitem__)
    tags = {CUSTOMERS_TAG: ",".join(ordered), **OWN_EVENTS}
    if len(ordered) == 1:
        tags[PARTITION_NAME_TAG] = ordered[0]
    else:
        tags |= {ASSET_PARTITION_RANGE_START_TAG: ordered[0], ASSET_PARTITION_RANGE_END_TAG: ordered[-1]}
    return tags | {AS_OF_TAG: as_of.isoformat()} if as_of else tags


@dataclass
class StepBatch:
    """The work of one step for the customers of its run. `customers` are those that no earlier step has
    lost."""

    context: dg.AssetExecutionContext
    customers: tuple[str, ...]
    started_at: datetime
    as_of: datetime
    failed: dict[str, str] = field(default_factory=dict)
    _kept: list[dg.DagsterEvent] = field(default_factory=list)
    _stored_at: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, context: dg.AssetExecutionContext) -> "StepBatch":
        """Returns the batch of the running step."""
        everybody = _customers_of_run(context)
        _record_own_events(context, everybody)
        lost, started_at = _lost(context), _started_at(context)
        customers = tuple(key for key in everybody if key not in lost)
        return cls(context, customers, started_at, _as_of(context, started_at))

    @property
    def takes_in_until(self) -> datetime | None:
        """The instant until which synced rows are taken in. None: a run for the present, which takes in
        everything, also what its own first steps have synced."""
        return None if self.as_of > self.started_at - PRESENT else self.as_of

    def each(
        self,
        groups: Iterable[Sequence[str]],
        work: Callable[[Sequence[str]], Sequence[Result]],
        outcome: Callable[[Result], Metadata],
        then: Callable[[], Iterable[dg.AssetCheckResult]] = tuple,
    ) -> Iterator[Any]:
        """Does `work` for one group of customers after another, in the background. It does it for all of a
        group or for none, and `outcome` makes metadata of each result. If it raises, each customer is tried
        alone, and an exception is that customer's failure. `then` gives the results of checks, once all are
        done."""
        try:
            with in_background() as call:
                for group in groups:
                    call(self._together, work, outcome, group)
        finally:
            self.store()
        yield from then()
        yield from self.finish()

    def _together(
        self,
        work: Callable[[Sequence[str]], Sequence[Result]],
        outcome: Callable[[Result], Metadata],
        group: Sequence[str],
    ) -> None:
        if len(group) == 1:
            self._alone(work, outcome, group[0])
            return
        try:
            with self._traced(group):
                results = work(group)
        except Exception as error:  # noqa: BLE001 - each is tried alone below, and meets its error again
            names = ", ".join(group)
            self.context.log.info(_with_trace(f"One at a time, to see whose it is: {names}", error))
            for customer in group:
                self._alone(work, outcome, customer)
        else:
            for customer, result in zip(group, results, strict=True):
                with self._losing(customer):
                    self._keep_all(customer, outcome(result))

    def _alone(
        self,
        work: Callable[[Sequence[str]], Sequence[Result]],
        outcome: Callable[[Result], Metadata],
        customer: str,
    ) -> None:
        with self._losing(customer), self._traced([customer]):
            [result] = work([customer])
            self._keep_all(customer, outcome(result))

    def _traced(self, customers: Sequence[str]) -> AbstractContextManager[None]:
        return traced(self.context.op_execution_context.op.name, self.context.run.run_id, customers)

    @contextmanager
    def _losing(self, customer: str) -> Iterator[None]:
        """Makes an exception in the block the customer's failure."""
        try:
            yield
        except KpiPlatformError as error:
            self.lose(customer, error)
        except Exception as error:  # noqa: BLE001 - a surprise in one customer must not end the others
            self.context.log.error(_with_trace(f"{customer}: unexpected error", error))
            self.lose(customer, f"{type(error).__name__}: the log of the run has the whole error.")

    def _keep_all(self, customer: str, metadata: Metadata) -> None:
        self.keep(customer, dict.fromkeys(self.context.selected_asset_keys, metadata))

    def keep(
        self, customer: str, results: Mapping[dg.AssetKey, Metadata], tags: Mapping[str, str] | None = None
    ) -> None:
        """Records that `customer`'s partition of each of these assets was made: at once for the watcher, and
        for Dagster together with those of other customers, at the latest in `finish`."""
        for key, metadata in results.items():
            self._kept.append(partition_events.materialised(self.context, key, customer, metadata, tags))
            watcher.get()(key.path[-1], customer, metadata)
        if time.monotonic() - self._stored_at > STORED_AFTER:
            self.store()

    def store(self) -> None:
        """Stores what was kept until now."""
        partition_events.store(self.context, self._kept)
        self._kept.clear()
        self._stored_at = time.monotonic()

    def lose(self, customer: str, reason: KpiPlatformError | str) -> None:
        """Records that `customer` goes no further in this run. The pages show the reason; the log has it in
        full."""
        in_full = reason.for_operator if isinstance(reason, KpiPlatformError) else reason
        self.context.log.error(f"{customer}: {in_full}")
        self.failed[customer] = str(reason)

    def finish(self) -> Iterator[dg.MaterializeResult[Any]]:
        """Lets the next step begin with the customers that are left; fails this one if it has lost any."""
        self.store()
        if self.failed:
            lost = sorted({*_lost(self.context), *self.failed})
            self.context.instance.add_run_tags(
                self.context.run.run_id, {LOST_TAG: f"{self.context.run.run_id}:{','.join(lost)}"}
            )
        if len(self.failed) < len(self.customers):
            for key in self.context.job_def.asset_layer.asset_graph.toposorted_asset_keys:
                if key in self.context.selected_asset_keys:
                    yield dg.MaterializeResult(asset_key=key)
        if self.failed:
            raise dg.Failure(
                f"{len(self.failed)} of {len(self.customers)} customers failed: {', '.join(self.failed)}",
                metadata=dict(self.failed),
                allow_retries=False,
            )


def _with_trace(message: str, error: Exception) -> str:
    """The message with the stack trace. Dagster stores the text of a log call, but not its `exc_info`."""
    return f"{message}\n{''.join(format_exception(error))}"


def _customers_of_run(context: dg.AssetExecutionContext) -> tuple[str, ...]:
    listed = context.run.tags.get(CUSTOMERS_TAG)
    if listed:
        return tuple(dict.fromkeys(listed.split(",")))
    if context.has_partition_key or context.has_partition_key_range:
        return tuple(context.partition_keys)
    raise dg.Failure(
        "This run names no customers.",
        metadata={
            "next step": f"Choose partitions, or give the run the tag {CUSTOMERS_TAG}, as in acme,globex."
        },
        allow_retries=False,
    )


def _started_at(context: dg.AssetExecutionContext) -> datetime:
    record = context.instance.get_run_record_by_id(context.run.run_id)
    assert record is not None
    return datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), UTC)


def _as_of(context: dg.AssetExecutionContext, started_at: datetime) -> datetime:
    text = _current_tags(context).get(AS_OF_TAG)
    if text is None:
        text = started_at.replace(microsecond=0).isoformat()
        context.instance.add_run_tags(context.run.run_id, {AS_OF_TAG: text})
    try:
        as_of = datetime.fromisoformat(text)
    except ValueError:
        as_of = None
    if as_of is None or as_of.tzinfo is None:
        raise dg.Failure(
            f"The tag {AS_OF_TAG} is '{text}', which is no instant with a time zone.",
            metadata={"next step": "Write it like 2026-03-31T06:00:00+00:00."},
            allow_retries=False,
        )
    return as_of.astimezone(UTC)


def _current_tags(context: dg.AssetExecutionContext) -> Mapping[str, str]:
    """The run's tags with those that its steps have added."""
    run = context.instance.get_run_by_id(context.run.run_id)
    assert run is not None
    return dict(run.tags)


def _lost(context: dg.AssetExecutionContext) -> set[str]:
    """Customers that earlier steps of this run have lost. A run that repeats another one inherits its tags,
    but not its losses."""
    of_run, _, names = _current_tags(context).get(LOST_TAG, "").partition(":")
    return set(names.split(",")) if of_run == context.run.run_id else set()


def _record_own_events(context: dg.AssetExecutionContext, everybody: Sequence[str]) -> None:
    # Dagster looks at the run's tags when an output arrives. A run that it planned itself (of a partition or
    # a range) gets the tag here, so that its outputs do not materialise a customer that failed.
    run = context.run
    run.tags.update(OWN_EVENTS)  # type: ignore[attr-defined]
    planned = context.instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, limit=1
    )
    if planned.records:
        return
    plans = [
        partition_events.planned(context, key, customer)
        for key in sorted(context.job_def.asset_layer.selected_asset_keys)
        for customer in everybody
    ]
    partition_events.store(context, plans)
