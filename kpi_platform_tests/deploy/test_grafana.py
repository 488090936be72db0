"""The Grafana dashboard asks for figures that exist, by labels that they have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard.figures import figures
from kpi_platform_tests.web.conftest import Web, web  # noqa: F401

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboard.json"
_SUFFIX = re.compile(r"_(bucket|count|sum|created|total)$")


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def expressions() -> Iterator[str]:
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"] + " " + target["legendFormat"]


def asked() -> set[str]:
    return {name for text in expressions() for name in re.findall(r"kpi_platform_\w+", text)}


def told(web: Web) -> set[str]:  # noqa: F811
    web.anonymous().get("/healthz")
    text = web.anonymous().get("/metrics").text
    kinds = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    return {_SUFFIX.sub("", name) for name in kinds}


def test_every_figure_is_on_the_dashboard_and_none_that_does_not_exist(web: Web) -> None:  # noqa: F811
    assert {_SUFFIX.sub("", name) for name in asked()} == told(web)


def test_labels_are_those_of_the_figures(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.connect() as connection:
        labels = {f"kpi_platform_{one.name}": set(one.labels) for one in figures(connection)}
    of_requests = {"method", "route", "status", "le"}
    for text in expressions():
        (name,) = set(re.findall(r"kpi_platform_\w+", text))
        used = set(re.findall(r"{{(\w+)}}|{(\w+)[=!]", text))
        named = {one or other for one, other in used}
        assert named <= labels.get(name, of_requests), text


def test_panels_do_not_overlap_and_fit_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
