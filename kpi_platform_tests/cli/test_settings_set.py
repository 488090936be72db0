"""`kpi-platform settings set`: one setting by its path."""

import json
from pathlib import Path

import pytest

from kpi_platform_tests.cli.commands import run_command


def test_one_setting_is_set_and_goes_back_to_its_default(tmp_path: Path) -> None:
    assert run_command(tmp_path, "customer", "add", "acme").exit_code == 0
    path = "alerts.on_stale_hours"
    assert "36" in run_command(tmp_path, "settings", "set", "acme", path, "36").stdout
    tried = run_command(tmp_path, "settings", "set", "acme", path, "48", "--dry-run")
    assert "Nothing was saved." in tried.stdout
    shown = json.loads(run_command(tmp_path, "settings", "show", "acme", "--json").stdout)
    assert shown["alerts"]["on_stale_hours"] == 36
    assert run_command(tmp_path, "settings", "set", "acme", path, "--default").exit_code == 0
    assert path not in run_command(tmp_path, "settings", "show", "acme").stdout
    stored = json.loads(run_command(tmp_path, "settings", "history", "acme", "--json").stdout)
    assert stored[0]["document"] == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("alerts.on_stale_hours", "forty"), "must be a whole number"),
        (("alerts.on_stale_hour", "40"), "the nearest is 'alerts.on_stale_hours'"),
        (("alerts.on_sync_failure", "ture"), "must be true or false"),
        (("alerts", "40"), "must be a section with named settings"),
        (("alerts.on_stale_hours.more", "40"), "is not a setting"),
        (("fivetran.last_sync", "now"), "is only shown, and cannot be set"),
        (("alerts.on_stale_hours", "4", "5"), "takes one value, not 2"),
        (("alerts.on_stale_hours",), "Give a VALUE, or --default."),
        (("alerts.on_stale_hour", "--default"), "the nearest is 'alerts.on_stale_hours'"),
    ],
)
def test_what_cannot_be_set_is_said_in_words(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert run_command(tmp_path, "customer", "add", "acme").exit_code == 0
    answer = run_command(tmp_path, "settings", "set", "acme", *arguments)
    assert answer.exit_code == 1
    assert message in answer.stderr
