"""Charts: what they draw, and what they say."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.kpis import Thresholds
from kpi_platform.web.charts import Part, history_chart, share_bar, sparkline, stacked_bar

START = datetime(2026, 3, 1, tzinfo=UTC)
values = st.lists(st.none() | st.floats(-1e9, 1e9), max_size=12)


def points(given: list[float | None]) -> list[tuple[datetime, float | None]]:
    return [(START + timedelta(days=index), value) for index, value in enumerate(given)]


def corners(svg: str, style: str) -> list[list[tuple[float, float]]]:
    lines = [one for one in ElementTree.fromstring(svg).iter("polyline") if one.get("class") == style]
    return [[tuple(map(float, pair.split(","))) for pair in str(one.get("points")).split()] for one in lines]  # type: ignore[misc]


@given(values)
def test_whatever_the_values_are_the_charts_are_well_formed_and_stay_within_their_box(
    given: list[float | None],
) -> None:
    for svg in (
        sparkline(points(given), "<Health> & more"),
        history_chart(points(given), "<Health>", "percent", Thresholds(95, 85), START),
    ):
        root = ElementTree.fromstring(svg)
        if root.tag != "svg":
            continue
        _, _, width, height = map(float, str(root.get("viewBox")).split())
        for line in root.iter("polyline"):
            for pair in str(line.get("points")).split():
                x, y = map(float, pair.split(","))
                assert -0.1 <= x <= width + 0.1
                assert -0.1 <= y <= height + 0.1


def test_a_value_is_drawn_flat_until_the_next_and_a_gap_breaks_the_line() -> None:
    svg = history_chart(points([10, None, 20]), "NPS", "score", until=START + timedelta(days=4))
    first, second = corners(svg, "chart-line")
    assert first[0][1] == first[1][1]
    assert second[0][1] == second[1][1] < first[0][1]
    assert second[1][0] > second[0][0] > first[1][0]
    assert 'aria-label="NPS from 1 Mar 2026 to 5 Mar 2026: 10 to 20"' in svg


def test_limits_are_drawn_where_the_values_come_near_them() -> None:
    near = history_chart(points([80, 90]), "SLA", "percent", Thresholds(95, 85))
    far = history_chart(points([80, 90]), "SLA", "percent", Thresholds(950, 850))
    assert (near.count("<line"), far.count("<line")) == (2, 0)


def test_parts_of_a_bar_are_as_wide_as_their_share() -> None:
    svg = stacked_bar(
        [Part("a", 25, "series-1"), Part("b", 50, "series-2"), Part("c", 0, "x")], 100, "Health"
    )
    rects = list(ElementTree.fromstring(svg).iter("rect"))[1:]
    assert [(one.get("class"), one.get("x")) for one in rects] == [("series-1", "0.0"), ("series-2", "160.0")]
    assert [float(str(one.get("width"))) for one in rects] == pytest.approx([159, 319])
    assert 'aria-label="Score: 81%"' in share_bar(0.81, "Score: 81%")


def test_nothing_to_draw_is_said() -> None:
    assert "–" in sparkline(points([None]), "Health")
    assert "No values yet" in history_chart([], "NPS", "score")
    assert "first value" in history_chart(points([4]), "NPS", "score")
