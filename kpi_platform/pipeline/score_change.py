"""Reasons why the health score of an account moved between two instants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.dashboard.account_history import HealthState, HistoryPoint, health_state, kpi_series
from kpi_platform.domain.score_change import ScoreReason, ScoreState, score_reasons
from kpi_platform.pipeline.customer_settings import health_weights_at


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """The health at two instants, and why the score moved. `reasons` are empty if one of them has no score;
    `values` has the value of each KPI among the inputs, before and after (None: it had none)."""

    before: HealthState | None
    after: HealthState | None
    reasons: Sequence[ScoreReason]
    values: Mapping[str, tuple[HistoryPoint | None, HistoryPoint | None]]

    @property
    def points(self) -> float | None:
        """The change of the score; None if there is none at one of the instants."""
        before = self.before.health_score if self.before else None
        after = self.after.health_score if self.after else None
        return None if before is None or after is None else after - before


def score_change(
    connection: sa.Connection, customer: str, account_id: int, since: datetime, until: datetime
) -> ScoreChange:
    """Compares the account's health as of `since` with that as of `until`. NotFound without account."""
    before = health_state(connection, customer, account_id, since)
    after = health_state(connection, customer, account_id, until)
    reasons = Weights(connection, customer).reasons(before, after)
    named = [name for reason in reasons for name in reason.inputs]
    series = kpi_series(connection, customer, account_id, named) if named else {}
    values = {kpi: (_at(points, since), _at(points, until)) for kpi, points in series.items()}
    return ScoreChange(before, after, reasons, values)


class Weights:
    """The weights that scores of a customer were computed with: each version of the settings is read once."""

    def __init__(self, connection: sa.Connection, customer: str) -> None:
        self._connection, self._customer = connection, customer
        self._known: dict[int | None, Mapping[str, float] | None] = {}

    def reasons(self, before: HealthState | None, after: HealthState | None) -> list[ScoreReason]:
        """Returns why the score moved; empty if one of both has none."""
        old, new = self._scored(before), self._scored(after)
        return score_reasons(old, new) if old and new else []

    def _scored(self, state: HealthState | None) -> ScoreState | None:
        if state is None or state.health_score is None:
            return None
        version = state.settings_version
        if version not in self._known:
            weights = health_weights_at(self._connection, self._customer, version)
            self._known[version] = weights.model_dump() if weights else None
        return ScoreState(state.health_score, state.points, self._known[version])


def _at(points: Sequence[HistoryPoint], at: datetime) -> HistoryPoint | None:
    """The newest point as of `at` or before."""
    return next((point for point in reversed(points) if point.as_of <= at), None)
