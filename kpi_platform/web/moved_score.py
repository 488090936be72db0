"""Reasons of a moved health score, as the account page shows them: a step for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from markupsafe import Markup

from kpi_platform.dashboard.account_history import HealthPoint, HistoryPoint
from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.domain.reason_names import input_name, named, reason_name
from kpi_platform.domain.score_change import ScoreReason
from kpi_platform.pipeline.score_change import ScoreChange, score_change
from kpi_platform.web.formats import number, quantity

USUAL_DAYS = 30
"""How far back a change is shown if nobody has chosen a date."""


@dataclass(frozen=True, slots=True)
class Move:
    """One reason: its name, what it was and became, and the score before and after it."""

    name: str
    detail: str
    points: float
    start: float

    @property
    def bar(self) -> Markup:
        return _bar(self.start, self.start + self.points)


@dataclass(frozen=True, slots=True)
class MovedScore:
    """The change between two instants among `instants` (newest first)."""

    instants: Sequence[datetime]
    since: datetime
    until: datetime
    change: ScoreChange
    moves: Sequence[Move]


def moved_score(
    connection: sa.Connection,
    customer: str,
    account_id: int,
    health: Sequence[HealthPoint],
    definitions: Mapping[str, KpiDefinition],
    since: datetime | None,
    until: datetime | None,
) -> MovedScore | None:
    """Returns the change from `since` (default: USUAL_DAYS before `until`) to `until` (default: the newest
    score); None if `health`, the account's scores, has fewer than two instants."""
    instants = [point.as_of for point in reversed(health)]
    if len(instants) < 2:
        return None
    until = until or instants[0]
    usual = until - timedelta(days=USUAL_DAYS)
    since = since or next((at for at in instants if at <= usual), instants[-1])
    change = score_change(connection, customer, account_id, since, until)
    moves: list[Move] = []
    at = (change.before.health_score if change.before else None) or 0.0
    for reason in change.reasons:
        moves.append(Move(reason_name(reason), _detail(reason, change, definitions), reason.points, at))
        at += reason.points
    return MovedScore(instants, since, until, change, moves)


def _detail(reason: ScoreReason, change: ScoreChange, definitions: Mapping[str, KpiDefinition]) -> str:
    if reason.kind == "weights":
        return "The categories count for more or less than before."
    if reason.kind == "coverage":
        many = [
            (names, word)
            for names, word in ((reason.inputs, "New"), (reason.gone, "Gone"))
            if not named(names)
        ]
        listed = "".join(f"{word}: {', '.join(map(input_name, names))}. " for names, word in many)
        return f"{listed}What is known makes up the score, and counts for more or less than before."
    (name,) = reason.inputs
    before, after = change.values.get(name, (None, None))
    return f"{_value(before, definitions.get(name))} → {_value(after, definitions.get(name))}"


def _value(point: HistoryPoint | None, definition: KpiDefinition | None) -> str:
    value = point.value if point else None
    return quantity(value, definition.unit) if definition else number(value)


def _bar(start: float, end: float, width: int = 160, height: int = 12) -> Markup:
    """A part of the scale from 0 to 100. The words stand beside it."""
    low, high = sorted((start, end))
    left, size = low / 100 * width, max((high - low) / 100 * width, 1.5)
    return Markup(
        '<svg class="move-bar" viewBox="0 0 {width} {height}" aria-hidden="true">'
        '<rect class="stacked-rest" x="0" y="0" width="{width}" height="{height}"/>'
        '<rect class="{style}" x="{left:.1f}" y="0" width="{size:.1f}" height="{height}"/></svg>'
    ).format(
        width=width, height=height, left=left, size=size, style="move-up" if end >= start else "move-down"
    )
