"""Previews what other settings would change: matches, values, health. Nothing of the customer's own is
written.

Both settings are computed in one build, from the same rows (`scratch_build`); what differs between the two is
what the change does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.match_store import StoredOutcome
from kpi_platform.domain.kpis import HEALTH_THRESHOLDS, Band
from kpi_platform.domain.settings import Change, CustomerSettings, diff_settings
from kpi_platform.pipeline.batch import CustomerInput
from kpi_platform.pipeline.kpi_definitions import definitions_of
from kpi_platform.pipeline.match import dashboard_sides, propose_matches
from kpi_platform.pipeline.scratch_build import ScratchBuild, Tell, scratch_build, scratch_input
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

    @property
    def becomes_at_risk(self) -> bool:
        """Whether it is a value that was there, and that a load would alert about."""
        was_there = self.kpi is not None and self.before_status is not None
        return was_there and self.band_changes and self.after_band == "at_risk"


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
    counts values and health scores that would be in another band, `alerts` the values that the next load
    would alert about as newly at risk, None if these settings want no such alerts."""

    as_of: datetime
    changes: tuple[Change, ...]
    accounts: int
    matches_changed: int
    values_changed: int
    health_changed: int
    bands_changed: int
    alerts: int | None
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
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    settings: CustomerSettings,
    *,
    on_progress: Tell | None = None,
) -> Preview:
    """Compares the customer's settings with `settings`, as of its newest load. Raises InvalidInput if the
    warehouse itself is another one, BuildFailed if either cannot be computed."""
    now, as_of = scratch_input(configuration, engine, customer, settings)
    changes = tuple(diff_settings(now.settings, settings))
    before, after = _both(configuration, engine, customer, now, settings, as_of, on_progress)
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
        alerts=sum(one.becomes_at_risk for account in affected for one in account.values)
        if settings.alerts.on_threshold_crossing
        else None,
        affected=affected,
    )


def _both(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    now: CustomerInput,
    settings: CustomerSettings,
    as_of: datetime,
    on_progress: Tell | None,
) -> tuple[_Side, _Side]:
    both = [now.settings, settings]
    with scratch_build(configuration, now, as_of, both, _MARTS, on_progress) as built:
        before, after = (
            _side(engine, customer, built, key, one) for key, one in zip(built.keys, both, strict=True)
        )
    return before, after


def _side(
    engine: sa.Engine, customer: str, built: ScratchBuild, key: str, settings: CustomerSettings
) -> _Side:
    sources = source_side(built.destination, key, settings.account_matching.strategy)
    with reading(engine) as connection:
        customer_id = get_customer(connection, customer).id
        side = dashboard_sides(connection, [customer_id])[customer_id]
    outcomes = propose_matches(side, sources, settings)
    definitions = {one.kpi: one for one in definitions_of(settings, {})}
    values = {
        (row["account_id"], row["kpi"]): (
            row["value"],
            row["status"],
            definitions[row["kpi"]].band(row["value"], row["sample_size"])
            if row["kpi"] in definitions
            else None,
        )
        for row in built.rows("kpi_values", key, ("account_id", "kpi", "value", "status", "sample_size"))
    }
    scores = built.rows("account_health_score", key, ("account_id", "health_score"))
    return _Side(
        names={party.id: party.name for party in sources.parties},
        values=values,
        health={row["account_id"]: row["health_score"] for row in scores},
        matches={outcome.source_account_id: outcome for outcome in outcomes},
    )


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
