"""Charts as SVG, drawn here: they need no script, and their colours come from the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from kpi_platform.domain.kpis import Thresholds
from kpi_platform.web.formats import day, number, quantity

Point = tuple[datetime, float | None]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a stacked bar: its size, and the name of the style sheet's class that colours it."""

    label: str
    size: float
    style: str


def sparkline(points: Sequence[Point], label: str, width: int = 64, height: int = 24) -> Markup:
    """Returns a line without axes. `label` names what it shows; screen readers hear the first and last
    value."""
    known = [(at, value) for at, value in points if value is not None]
    if not known:
        return Markup('<span class="muted">–</span>')
    first, last = known[0][1], known[-1][1]
    words = f"{label}: {number(last)}" if len(known) == 1 else f"{label}: {number(first)} to {number(last)}"
    scale = _Scale.of(known, width, height, margin=3, least_span=10)
    end_x, end_y = scale.place(known[-1])
    line = _polyline(scale, known, "spark-line") if len(known) > 1 else Markup("")
    return Markup(
        '<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="{words}">{line}<circle class="spark-end" cx="{x}" cy="{y}" r="2.2"/></svg>'
    ).format(width=width, height=height, words=words, line=line, x=end_x, y=end_y)


def history_chart(
    points: Sequence[Point],
    label: str,
    unit: str,
    thresholds: Thresholds | None = None,
    until: datetime | None = None,
    width: int = 320,
    height: int = 96,
) -> Markup:
    """Returns a step line over time: a value holds until the next point, the last one until `until`. Gaps are
    times without a value. The healthy and at-risk limits are drawn if they are within the range of the
    values."""
    known = [(at, value) for at, value in points if value is not None]
    if not known:
        return Markup('<p class="chart-empty">No values yet.</p>')
    if len(points) == 1 and (until is None or until <= points[0][0]):
        return Markup('<p class="chart-empty">The first value; a chart follows with the next load.</p>')
    end = max(until, points[-1][0]) if until else points[-1][0]
    reach = [*known, (end, known[-1][1])]
    limits = (thresholds.healthy, thresholds.at_risk) if thresholds else ()
    scale = _Scale.of(reach, width, height, margin=4, left=4, bottom=18, include=limits)
    shapes = [_polyline(scale, run, "chart-line") for run in _steps(points, end)]
    # Their words stand on top of the line.
    shapes += _limits(scale, limits)
    shapes += [
        Markup('<circle class="chart-dot" cx="{}" cy="{}" r="2.5"><title>{}</title></circle>').format(
            x, y, text
        )
        for (x, y), text in ((scale.place(p), f"{day(p[0])}: {quantity(p[1], unit)}") for p in known[-40:])
    ]
    words = f"{label} from {day(known[0][0])} to {day(end)}: {quantity(known[0][1], unit)} to " + quantity(
        known[-1][1], unit
    )
    ends = Markup(
        '<text class="chart-text" x="4" y="{y}">{first}</text>'
        '<text class="chart-text" x="{x}" y="{y}" text-anchor="end">{last}</text>'
    ).format(y=height - 4, first=day(known[0][0]), x=width - 4, last=day(end))
    return Markup(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{words}">'
        "{shapes}{ends}</svg>"
    ).format(
        width=width, height=height, words=words,
        shapes=Markup("").join(shapes), ends=ends,
    )  # fmt: skip


def stacked_bar(
    parts: Sequence[Part], whole: float, label: str, width: int = 640, height: int = 20
) -> Markup:
    """Returns a bar of parts side by side out of `whole`; the rest of it stays empty. The words are beside
    the bar."""
    left, shapes = 0.0, []
    for part in parts:
        size = max(part.size, 0) / whole * width
        if size > 0:
            shape = Markup(
                '<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="{}"><title>{}</title></rect>'
            )
            words = f"{part.label}: {number(part.size)}"
            shapes.append(shape.format(part.style, left, max(size - 1, 0.5), height, words))
        left += size
    return Markup(
        '<svg class="stacked" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        'aria-label="{label}"><rect class="stacked-rest" x="0" y="0" width="{width}" height="{height}"/>'
        "{shapes}</svg>"
    ).format(width=width, height=height, label=label, shapes=Markup("").join(shapes))


def share_bar(share: float, label: str, width: int = 96, height: int = 6) -> Markup:
    """Returns one share from 0 to 1."""
    return stacked_bar([Part(label, share, "share")], 1.0, label, width, height)


_LABEL_HEIGHT = 10


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    seconds: float
    low: float
    span: float
    left: float
    width: float
    top: float
    height: float

    @classmethod
    def of(
        cls,
        points: Sequence[tuple[datetime, float]],
        width: int,
        height: int,
        margin: int,
        left: int | None = None,
        bottom: int | None = None,
        include: Sequence[float] = (),
        least_span: float = 0.0,
    ) -> "_Scale":
        values = [value for _, value in points]
        low, high = min(values), max(values)
        near = max(high - low, abs(high) * 0.5, 1.0)
        for value in include:
            if low - near <= value <= high + near:
                low, high = min(low, value), max(high, value)
        if high - low < max(least_span, 1e-9):
            middle, half = (low + high) / 2, max(least_span, abs(high) * 0.2, 1.0) / 2
            low, high = middle - half, middle + half
        seconds = max((points[-1][0] - points[0][0]) / timedelta(seconds=1), 1.0)
        start_x = margin if left is None else left
        return cls(
            points[0][0], seconds, low, high - low, start_x, width - start_x - margin, margin,
            height - margin - (margin if bottom is None else bottom),
        )  # fmt: skip

    def y(self, value: float) -> float:
        return round(self.top + self.height * (1 - (value - self.low) / self.span), 1)

    def place(self, point: tuple[datetime, float]) -> tuple[float, float]:
        at, value = point
        share = (at - self.start) / timedelta(seconds=1) / self.seconds
        return round(self.left + self.width * share, 1), self.y(value)

    def covers(self, value: float) -> bool:
        return self.low <= value <= self.low + self.span


def _steps(points: Sequence[Point], end: datetime) -> list[list[tuple[datetime, float]]]:
    """Runs of corners: each value drawn flat up to the time of the next point."""
    runs: list[list[tuple[datetime, float]]] = []
    current: list[tuple[datetime, float]] = []
    following = [at for at, _ in points[1:]] + [end]
    for (at, value), until in zip(points, following, strict=True):
        if value is None:
            runs.append(current)
            current = []
        else:
            current += [(at, value), (until, value)]
    return [run for run in (*runs, current) if run]


def _polyline(scale: _Scale, points: Sequence[tuple[datetime, float]], style: str) -> Markup:
    corners = " ".join(f"{x},{y}" for x, y in (scale.place(point) for point in points))
    return Markup('<polyline class="{}" points="{}"/>').format(style, corners)


def _limits(scale: _Scale, limits: Sequence[float]) -> list[Markup]:
    """Yields the limits within the range as lines, each with its value if there is room for it."""
    shapes: list[Markup] = []
    labelled: list[float] = []
    for value, name in zip(limits, ("healthy", "at risk"), strict=False):
        if not scale.covers(value):
            continue
        y, right, style = scale.y(value), scale.left + scale.width, name.replace(" ", "-")
        shapes.append(
            Markup(
                '<line class="limit limit-{style}" x1="{left}" y1="{y}" x2="{right}" y2="{y}">'
                "<title>{name}: {limit}</title></line>"
            ).format(style=style, name=name, left=scale.left, right=right, y=y, limit=number(value))
        )
        if all(abs(y - other) >= _LABEL_HEIGHT for other in labelled):
            labelled.append(y)
            # Above the line, or below it at the top.
            place = y - 3 if y > scale.top + _LABEL_HEIGHT else y + 9
            shapes.append(
                Markup(
                    '<text class="chart-text limit-text-{}" x="{}" y="{}" text-anchor="end">{} {}</text>'
                ).format(style, right, round(place, 1), name, number(value))
            )
    return shapes
