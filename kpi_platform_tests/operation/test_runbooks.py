"""Every alert leads to a page that says what to do, and every page names commands that exist."""

import re
import shlex
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from kpi_platform.domain.alerts import AlertKind, runbook
from kpi_platform_tests.deploy.commands import problems
from kpi_platform_tests.web.conftest import Web, web  # noqa: F401

PROJECT = Path(__file__).parents[2]
RUNBOOKS = PROJECT / "docs" / "runbooks"
RULES: list[dict[str, Any]] = yaml.safe_load((PROJECT / "deploy" / "prometheus" / "alerts.yaml").read_text())[
    "groups"
][0]["rules"]
PAGES = [*sorted(RUNBOOKS.glob("*.md")), PROJECT / "docs" / "operations.md", PROJECT / "docs" / "scaling.md"]


@pytest.mark.parametrize("kind", get_args(AlertKind))
def test_every_kind_of_alert_has_a_runbook(kind: AlertKind) -> None:
    assert (PROJECT / runbook(kind)).is_file()


def test_every_rule_has_a_runbook_and_every_runbook_an_alert() -> None:
    named = {rule["annotations"]["runbook"] for rule in RULES} | {runbook(one) for one in get_args(AlertKind)}
    there = {str(page.relative_to(PROJECT)) for page in RUNBOOKS.glob("*.md")} - {"docs/runbooks/README.md"}
    assert named == there
    index = (RUNBOOKS / "README.md").read_text()
    assert all(f"({Path(page).name})" in index for page in there)


def test_rules_ask_for_figures_that_exist(web: Web) -> None:  # noqa: F811
    web.anonymous().get("/healthz")
    text = web.anonymous().get("/metrics").text
    known = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    asked = {name for rule in RULES for name in re.findall(r"kpi_platform_\w+", rule["expr"])}
    assert asked <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    inline = [one for one in re.findall(r"`([^`]+)`", text) if one.startswith("kpi-platform ")]
    blocks = re.findall(r"^    +(?:\$ )?(kpi-platform .*)$", text, re.MULTILINE)
    for command in [*inline, *blocks]:
        assert problems(shlex.split(command.partition("  #")[0])) == [], command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
