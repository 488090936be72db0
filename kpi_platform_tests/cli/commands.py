"""Runs commands as the terminal does, in this process: dbt and Dagster are imported once. The tutorial's test
runs them in processes of their own."""

import os
from pathlib import Path

from typer.testing import CliRunner, Result

from kpi_platform.cli.main import app

CHECKOUT = Path(__file__).parents[2]


def run_command(home: Path, *arguments: str, **environment: str) -> Result:
    """`kpi-platform ARGUMENTS` on `home`, with nothing of the caller's settings."""
    ours = ("KPI_", "FIVETRAN_", "WAREHOUSE_", "DASHBOARD_", "DAGSTER_")
    without: dict[str, str | None] = {name: None for name in os.environ if name.startswith(ours)}
    given = {"KPI_PLATFORM_HOME": str(home), "COLUMNS": "160", **environment}
    return CliRunner().invoke(app, arguments, env={**without, **given})
