"""A shell completes the names of customers and the paths of settings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.main import get_command

from kpi_platform.cli.arguments import customer_keys, setting_paths
from kpi_platform.cli.main import app
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer


def parameters(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, one in getattr(command, "commands", {}).items():
        yield from parameters(one, (*path, name))
    if not hasattr(command, "commands"):
        yield from ((" ".join(path), one) for one in command.params)


def test_every_parameter_that_takes_a_customer_completes_it() -> None:
    taking = [
        (command, one)
        for command, one in parameters(get_command(app))
        if one.name in ("customer", "customers")
        or (one.name == "key" and command.startswith("customer ") and command != "customer add")
    ]
    assert len(taking) > 20
    assert [command for command, one in taking if one._custom_shell_complete is None] == []


def test_customers_are_completed_from_the_dashboard(
    configuration: Configuration, sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPI_PLATFORM_HOME", str(configuration.home))
    with sqlite_engine.begin() as connection:
        for key in ("acme", "acorn", "bolt"):
            add_customer(connection, key, key)
    assert customer_keys("ac") == ["acme", "acorn"]


def test_completing_in_an_empty_home_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_PLATFORM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DASHBOARD_DATABASE_URL", raising=False)
    assert customer_keys("") == []
    assert not (tmp_path / "home").exists()


def test_paths_of_settings_are_completed() -> None:
    assert "alerts.on_stale_hours" in dict(setting_paths("alerts.on_st"))
