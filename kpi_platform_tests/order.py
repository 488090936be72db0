"""The order of the files: a long one at the end would leave the other workers without work."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LONG = (
    "defs/test_daemon.py",
    "cli/test_demo.py",
    "contract/test_marts_agree_with_reference.py",
    "destinations/test_postgres.py",
    "pipeline/test_hostile_hosts.py",
    "defs/test_run.py",
    "pipeline/test_build.py",
    "web/browser/test_accessibility.py",
    "defs/test_run_batches.py",
    "dbt_project/test_dbt_project.py",
    "cli/test_run.py",
    "web/api/test_hostile_settings.py",
    "faults/test_damage.py",
    "cli/test_up.py",
    "settings_effects/test_settings_effects.py",
    "pipeline/test_preview.py",
    "web/api/test_isolation.py",
)
"""Files of more than ten seconds, the longest first."""


def order(item: pytest.Item) -> tuple[bool, int, bool]:
    """The key to sort by: LONG, then files whose tests share what is made once, then the others. Those with a
    browser come last: as long as it is open, its loop runs in the thread in which Dagster begins others."""
    place = item.path.relative_to(TESTS).as_posix()
    in_browser = place.startswith("web/browser/")
    return in_browser, LONG.index(place) if place in LONG else len(LONG), not _shares_a_module(item)


def _shares_a_module(item: pytest.Item) -> bool:
    fixtures = item._fixtureinfo.name2fixturedefs.values() if isinstance(item, pytest.Function) else ()
    return any(fixture.scope == "module" for found in fixtures for fixture in found)
