"""Previews what other settings would change: matches, values, health. Nothing of the customer's own is
written.

Both settings are computed in one build, from the same rows, as two customers of a scratch schema beside the
marts; what differs between the two is what the change does. Their rows are erased before the answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from filelock import FileLock

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.match_store import StoredOutcome
from kpi_platform.dashboard.uploads import newest_upload
from kpi_platform.domain.errors import BuildFailed, InvalidInput
from kpi_platform.domain.kpis import HEALTH_THRESHOLDS, Band
from kpi_platform.domain.settings import Change, CustomerSettings, diff_settings
from kpi_platform.domain.time_bases import DEFAULT_BASIS
from kpi_platform.pipeline.batch import Batch, CustomerInput, batches_of, read_inputs
from kpi_platform.pipeline.customer_rows import erase_customer_rows, scratch_keys, scratch_of
from kpi_platform.pipeline.kpi_definitions import definitions_of
from kpi_platform.pipeline.match import dashboard_sides, propose_matches
from kpi_platform.pipeline.places import settle
from kpi_platform.pipeline.source_accounts import source_side

_MARTS = ("+kpi_integrated_metrics", "+account_email_domains", "+kpi_values", "+account_health_score")


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A value, or a health score (`kpi` None), before and after, and its bands, which change with the
    thresholds too. A status says why there is no value."""

    kpi: str | None
    before: float | None
    after: float | None
    before_status: str | None = None
    after_status: str | None = None
    before_band: Band | None = None
    after_band: Band | None = None

    @property
    def band_changes(self) -> bool:
        return self.before_band != self.after_band


@dataclass(frozen=True, slots=True)
class MatchChange:
    """The match of a source account before and after: match, review or none, and with which account."""

    before: str | None
    before_account: str | None
    after: str | None
    after_account: str | None


@dataclass(frozen=True, slots=True)
class AccountPreview:
    """One account that would change; `account_id` is its id in the source."""

    account_id: str
    name: str
    match: MatchChange | None
    health: ValueChange | None
    values: tuple[ValueChange, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """`changes` are of the settings. Of the `accounts` looked at, `affected` would change. `bands_changed`
    counts values and health scores that would be in another band."""

    as_of: datetime
    changes: tuple[Change, ...]
    accounts: int
    matches_changed: int
    values_changed: int
    health_changed: int
    bands_changed: int
    affected: tuple[AccountPreview, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two: names, values and scores by account, with their bands, and what each account is in the
    dashboard."""

    names: Mapping[str, str]
    values: Mapping[tuple[str, str], tuple[float | None, str, Band | None]]
    health: Mapping[str, float | None]
    matches: Mapping[str, StoredOutcome]


def preview_settings(
    configuration: Configuration, engine: sa.Engine, customer: str, settings: CustomerSettings
) -> Preview:
    """Compares the customer's settings with `settings`, as of its newest load. Raises InvalidInput if the
    warehouse itself is another one, BuildFailed if either cannot be computed."""
    inputs, failed = read_inputs(configuration, engine, [customer])
    changed = [replace(one, settings=settings) for one in inputs]
    failed |= settle(engine, inputs, again=False) | settle(engine, changed, again=False)
    for error in failed.values():
        raise error
    [now] = inputs
    if now.settings.warehouse != settings.warehouse:
        raise InvalidInput(
            "A change of the warehouse cannot be previewed: the data would come from elsewhere.",
            next_step="Preview the other changes without it.",
        )
    with reading(engine) as connection:
        newest = newest_upload(connection, get_customer(connection, customer).id)
    as_of = newest.as_of if newest else datetime.now(UTC)
    changes = tuple(diff_settings(now.settings, settings))
    before, after = _both(configuration, engine, customer, now, settings, as_of)
    affected = tuple(_differing(before, after))
    return Preview(
        as_of=as_of,
        changes=changes,
        accounts=len({**before.names, **after.names}),
        matches_changed=sum(one.match is not None for one in affected),
        values_changed=sum(
            (one.before, one.before_status) != (one.after, one.after_status)
            for account in affected
            for one in account.values
        ),
        health_changed=sum(one.health is not None for one in affected),
        bands_changed=sum(
            one.band_changes
            for account in affected
            for one in (*account.values, *filter(None, [account.health]))
        ),
        affected=affected,
    )


def _both(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    now: CustomerInput,
    settings: CustomerSettings,
    as_of: datetime,
) -> tuple[_Side, _Side]:
    scratch, keys = scratch_of(now.destination), scratch_keys(customer)
    sides = [
        replace(now, customer=key, settings=one, destination=scratch)
        for key, one in zip(keys, (now.settings, settings), strict=True)
    ]
    # Previews of one customer share their keys in the scratch schema.
    with FileLock(configuration.home / "preview.lock"):
        [batch] = batches_of(sides, as_of)
        for error in batch.left_out.values():
            raise error
        old, new = (replace(batch.plans[key], key=customer) for key in keys)
        computed_alike = old == new
        try:
            _build(configuration, batch.only(keys[:1]) if computed_alike else batch)
            before = _side(engine, customer, scratch, keys[0], now.settings)
            after = _side(engine, customer, scratch, keys[0 if computed_alike else 1], settings)
        finally:
            erase_customer_rows(configuration, scratch, keys)
    return before, after


def _build(configuration: Configuration, batch: Batch) -> None:
    results = DbtProject(configuration, batch.destination).build("run", batch.vars(), select=_MARTS)
    for result in results:
        if result.status == "error":
            raise BuildFailed(
                f"The KPIs cannot be computed with these settings: {result.name} failed. {result.message}",
                next_step="Check the changed settings.",
                details={"nodes": [result.name]},
            )


def _side(
    engine: sa.Engine, customer: str, destination: Destination, key: str, settings: CustomerSettings
) -> _Side:
    sources = source_side(destination, key, settings.account_matching.strategy)
    with reading(engine) as connection:
        customer_id = get_customer(connection, customer).id
        side = dashboard_sides(connection, [customer_id])[customer_id]
    outcomes = propose_matches(side, sources, settings)
    definitions = {one.kpi: one for one in definitions_of(settings, {}, DEFAULT_BASIS)}
    values = {
        (row["account_id"], row["kpi"]): (
            row["value"],
            row["status"],
            definitions[row["kpi"]].band(row["value"], row["sample_size"])
            if row["kpi"] in definitions
            else None,
        )
        for row in _rows(
            destination, "kpi_values", key, ("account_id", "kpi", "value", "status", "sample_size")
        )
    }
    scores = _rows(destination, "account_health_score", key, ("account_id", "health_score"))
    return _Side(
        names={party.id: party.name for party in sources.parties},
        values=values,
        health={row["account_id"]: row["health_score"] for row in scores},
        matches={outcome.source_account_id: outcome for outcome in outcomes},
    )


def _rows(
    destination: Destination, table: str, key: str, columns: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    for batch in destination.read_mart(table, key, columns):
        yield from batch.to_pylist()


def _differing(before: _Side, after: _Side) -> Iterator[AccountPreview]:
    names = {**before.names, **after.names}
    values: dict[str, list[ValueChange]] = {}
    for account, kpi in sorted({*before.values, *after.values}):
        old, new = (
            before.values.get((account, kpi), (None, None, None)),
            after.values.get((account, kpi), (None, None, None)),
        )
        if old != new:
            values.setdefault(account, []).append(
                ValueChange(kpi, old[0], new[0], old[1], new[1], old[2], new[2])
            )
    for account, name in sorted(names.items(), key=lambda item: (item[1], item[0])):
        match = _match(before.matches.get(account), after.matches.get(account))
        old_score, new_score = before.health.get(account), after.health.get(account)
        health = None
        if old_score != new_score:
            bands = (_health_band(score) for score in (old_score, new_score))
            health = ValueChange(None, old_score, new_score, None, None, *bands)
        if match or health or account in values:
            yield AccountPreview(account, name, match, health, tuple(values.get(account, ())))


def _health_band(score: float | None) -> Band | None:
    return None if score is None else HEALTH_THRESHOLDS.band(score, "high")


def _match(before: StoredOutcome | None, after: StoredOutcome | None) -> MatchChange | None:
    old, new = _what(before), _what(after)
    return None if old == new else MatchChange(*old, *new)


def _what(outcome: StoredOutcome | None) -> tuple[str | None, str | None]:
    if outcome is None:
        return None, None
    named = {one["account_id"]: one["name"] for one in outcome.candidates}
    account = None if outcome.account_id is None else named.get(outcome.account_id, str(outcome.account_id))
    return outcome.decision, account
