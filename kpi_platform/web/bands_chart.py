"""The chart of accounts by band of their health, week by week, as stacked columns."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from kpi_platform.domain.health_bands import HEALTH_BANDS, BandTotal
from kpi_platform.pipeline.changes import WeekOfHealth
from kpi_platform.web.formats import BAND_WORDS, day, money

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 360, 190, 44, 8, 20
_RECT = Markup('<rect class="fill-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
_WORDS: dict[str, str] = {band or "missing": words for band, words in BAND_WORDS.items()}
_WEEK = timedelta(days=7)


def bands_chart(weeks: Sequence[WeekOfHealth], by: str) -> Markup:
    """Returns a column for each week, `by` accounts or money; weeks without an upload are as the one
    before. The table beside it has the figures."""
    columns = _filled(weeks)
    sizes = [[_size(week.bands[band], by) for band in HEALTH_BANDS] for _, week in columns]
    most = max((sum(size) for size in sizes), default=0) or 1
    step = (_WIDTH - _LEFT) / len(columns)
    high = _HEIGHT - _TOP - _BOTTOM
    shapes = []
    for place, ((monday, week), size) in enumerate(zip(columns, sizes, strict=True)):
        bottom = float(_TOP + high)
        words = ", ".join(f"{_WORDS[band]} {_text(week.bands[band], by)}" for band in HEALTH_BANDS)
        bars = []
        for band, part in zip(HEALTH_BANDS, size, strict=True):
            tall = part / most * high
            bottom -= tall
            if part:
                gap = 1 if step > 4 else 0
                bars.append(_RECT.format(band, _LEFT + place * step, bottom, step - gap, tall))
        title = Markup("<title>{}: {}</title>").format(day(monday), words)
        shapes.append(Markup("<g>{}{}</g>").format(title, Markup("").join(bars)))
    first, last = columns[0], columns[-1]
    label = f"Health over weeks from {day(first[0])} to {day(last[0])}: " + ", ".join(
        f"{_WORDS[band]} {_text(first[1].bands[band], by)} to {_text(last[1].bands[band], by)}"
        for band in HEALTH_BANDS
    )
    return Markup(
        '<svg class="chart bands" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">'
        '<line class="axis" x1="{left}" y1="{top}" x2="{w}" y2="{top}"/>'
        '<line class="axis" x1="{left}" y1="{mid}" x2="{w}" y2="{mid}"/>{shapes}'
        '<line class="axis" x1="{left}" y1="{zero}" x2="{w}" y2="{zero}"/>'
        '<text class="chart-text" x="{text}" y="{top_text}" text-anchor="end">{most}</text>'
        '<text class="chart-text" x="{text}" y="{mid_text}" text-anchor="end">{half}</text>'
        '<text class="chart-text" x="{text}" y="{zero}" text-anchor="end">0</text>'
        '<text class="chart-text" x="{left}" y="{foot}">{first}</text>'
        '<text class="chart-text" x="{w}" y="{foot}" text-anchor="end">{last}</text></svg>'
    ).format(
        w=_WIDTH, h=_HEIGHT, left=_LEFT, top=_TOP, mid=_TOP + high / 2, zero=_TOP + high, label=label,
        shapes=Markup("").join(shapes), text=_LEFT - 6, top_text=_TOP + 6, mid_text=_TOP + high / 2 + 3,
        foot=_HEIGHT - 4, most=_number(most, by), half=_number(most / 2, by),
        first=day(first[0]), last=day(last[0]),
    )  # fmt: skip


def _filled(weeks: Sequence[WeekOfHealth]) -> list[tuple[datetime, WeekOfHealth]]:
    filled: list[tuple[datetime, WeekOfHealth]] = []
    for week in weeks:
        while filled and filled[-1][0] + _WEEK < week.monday:
            filled.append((filled[-1][0] + _WEEK, filled[-1][1]))
        filled.append((week.monday, week))
    return filled[-len(weeks) :] if len(filled) > 2 * len(weeks) else filled


def _size(total: BandTotal, by: str) -> float:
    return max(total.money or 0.0, 0.0) if by == "money" else total.accounts


def _text(total: BandTotal, by: str) -> str:
    return money(total.money) if by == "money" else f"{total.accounts:,}"


def _number(value: float, by: str) -> str:
    return money(value) if by == "money" else f"{value:,.0f}"
