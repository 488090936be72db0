"""Patches of Dagster and dbt are used with versions that were checked, and the locked ones were."""

import logging
import re
from pathlib import Path

import pytest

from kpi_platform.adapters import checked_versions
from kpi_platform.adapters.checked_versions import CHECKED, are_checked

LOCK = Path(__file__).parents[2] / "requirements.lock"


@pytest.mark.parametrize("package", CHECKED)
def test_the_locked_version_was_checked(package: str) -> None:
    (locked,) = re.findall(rf"^{package}==(\S+)", LOCK.read_text(), re.MULTILINE)
    assert locked in CHECKED[package]


def test_another_version_is_named_in_the_log_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    checked_versions._is_checked.cache_clear()
    monkeypatch.setattr(checked_versions, "CHECKED", {**CHECKED, "dbt-core": ("1.0.0", "1.0.1")})
    caplog.set_level(logging.INFO)
    try:
        assert not are_checked("dbt-duckdb", "dbt-core")
        assert not are_checked("dbt-core")
        assert are_checked("dbt-duckdb")
    finally:
        checked_versions._is_checked.cache_clear()
    (line,) = caplog.messages
    assert "dbt-core" in line
    assert "checked: 1.0.0, 1.0.1" in line
