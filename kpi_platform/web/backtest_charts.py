"""The charts of a back-test's report, as SVG. The table beside each has its figures."""

from collections.abc import Sequence

from markupsafe import Markup

from kpi_platform.domain.backtest.report import Decile, RocPoint, TimeAuc
from kpi_platform.web.formats import day, number, percent

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 360, 220, 44, 8, 22
_INNER_WIDTH, _INNER_HEIGHT = _WIDTH - _LEFT - 6, _HEIGHT - _TOP - _BOTTOM
_LINE = Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')


def roc_chart(points: Sequence[RocPoint], auc: float) -> Markup:
    """Returns the curve: how many of those that left are found (upwards) for how many of those that stayed
    (to the right), and the diagonal of chance."""
    corners = " ".join(f"{_x(one.kept):.1f},{_y(one.churned):.1f}" for one in points)
    shapes = [
        _LINE.format("limit chance", _x(0), _y(0), _x(1), _y(1)),
        Markup('<polyline class="chart-line" points="{}"/>').format(corners),
    ]
    label = (
        f"Share of those that left against share of those that stayed, by falling risk; the area below is "
        f"{number(auc, 2)}"
    )
    return _frame(label, shapes, 1.0, "0% that stayed", "100%")


def decile_chart(deciles: Sequence[Decile], base_rate: float | None) -> Markup:
    """Returns a column for each tenth of the scores, the lowest first: its churn rate with the 95 % interval,
    and the rate of all as a line."""
    most = max((one.high or 0.0 for one in deciles), default=0.0) or 1.0
    step = _INNER_WIDTH / 10
    shapes = []
    for one in deciles:
        left, middle = _LEFT + (one.decile - 1) * step, _LEFT + (one.decile - 0.5) * step
        rate, low, high = (value or 0.0 for value in (one.rate, one.low, one.high))
        title = (
            f"Tenth {one.decile}, scores {number(one.lowest)} to {number(one.highest)}: "
            f"{percent(one.rate)} left, {percent(one.low)} to {percent(one.high)}"
        )
        top = _y(rate, most)
        shapes.append(
            Markup(
                '<g><title>{}</title><rect class="share" x="{:.1f}" y="{:.1f}" width="{:.1f}" '
                'height="{:.1f}"/>{}</g>'
            ).format(
                title, left + 2, top, step - 4, _y(0) - top,
                _LINE.format("whisker", middle, _y(low, most), middle, _y(high, most)),
            )
        )  # fmt: skip
    if base_rate is not None and base_rate <= most:
        shapes.append(_LINE.format("limit chance", _x(0), _y(base_rate, most), _x(1), _y(base_rate, most)))
    rates = ", ".join(f"{one.decile}: {percent(one.rate)}" for one in deciles)
    return _frame(
        f"Churn rate by tenth of the score, the lowest first: {rates}",
        shapes,
        most,
        "Lowest scores",
        "Highest",
    )


def auc_over_time_chart(times: Sequence[TimeAuc]) -> Markup:
    """Returns a dot for each instant that has an AUC, joined; the line of chance at .5."""
    known = [(place, one, one.auc) for place, one in enumerate(times) if one.auc is not None]
    last = max(len(times) - 1, 1)
    shapes = [_LINE.format("limit chance", _x(0), _y(0.5), _x(1), _y(0.5))]
    corners = " ".join(f"{_x(place / last):.1f},{_y(auc):.1f}" for place, _, auc in known)
    shapes.append(Markup('<polyline class="chart-line" points="{}"/>').format(corners))
    shapes += [
        Markup(
            '<circle class="chart-dot" cx="{:.1f}" cy="{:.1f}" r="2.5"><title>{}: {}</title></circle>'
        ).format(_x(place / last), _y(auc), day(one.t), number(auc, 2))
        for place, one, auc in known
    ]
    values = ", ".join(f"{day(one.t)} {number(auc, 2)}" for _, one, auc in known)
    ends = (day(times[0].t), day(times[-1].t)) if times else ("", "")
    return _frame(f"AUC over time: {values}", shapes, 1.0, *ends, in_percent=False)


def auc_bar(auc: float | None, name: str) -> Markup:
    """Returns a bar from the middle, chance, to the right if the input foretells, to the left if it points
    the wrong way."""
    width, height, middle = 160, 12, 80.0
    reach = 0.0 if auc is None else (auc - 0.5) * width
    style = "share" if reach >= 0 else "fill-at_risk"
    words = f"{name}: unknown" if auc is None else f"{name}: {number(auc, 2)}"
    return Markup(
        '<svg class="auc-bar" viewBox="0 0 {w} {h}" preserveAspectRatio="none" role="img" '
        'aria-label="{words}">'
        '<rect class="stacked-rest" width="{w}" height="{h}"/>'
        '<rect class="{style}" x="{x:.1f}" width="{long:.1f}" height="{h}"/>'
        '<line class="axis" x1="{m}" y1="0" x2="{m}" y2="{h}"/></svg>'
    ).format(
        w=width, h=height, words=words, style=style, x=min(middle, middle + reach), long=abs(reach), m=middle
    )


def _x(part: float) -> float:
    return _LEFT + part * _INNER_WIDTH


def _y(value: float, most: float = 1.0) -> float:
    return _TOP + (1 - value / most) * _INNER_HEIGHT


def _frame(
    label: str, shapes: Sequence[Markup], most: float, first: str, last: str, *, in_percent: bool = True
) -> Markup:
    axes = [_LINE.format("axis", _x(0), _y(part), _x(1), _y(part)) for part in (0, 0.5, 1)]
    marks = [
        Markup('<text class="chart-text" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            _LEFT - 6, _y(part) + 4, percent(part * most) if in_percent else number(part * most, 1)
        )
        for part in (0, 0.5, 1)
    ]
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">{axes}{shapes}{marks}'
        '<text class="chart-text" x="{left}" y="{foot}">{first}</text>'
        '<text class="chart-text" x="{right}" y="{foot}" text-anchor="end">{last}</text></svg>'
    ).format(
        w=_WIDTH, h=_HEIGHT, label=label, axes=Markup("").join(axes), shapes=Markup("").join(shapes),
        marks=Markup("").join(marks), left=_LEFT, right=_WIDTH - 6, foot=_HEIGHT - 4, first=first, last=last,
    )  # fmt: skip
