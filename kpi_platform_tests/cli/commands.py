"""Runs the real command in a process of its own, as a user does."""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]

Result = subprocess.CompletedProcess[str]


def run_command(home: Path, *arguments: str, timeout: float = 240, **environment: str) -> Result:
    """`kpi-platform ARGUMENTS` on `home`, with nothing of the caller's settings."""
    inherited = {
        name: value for name, value in os.environ.items()
        if not name.startswith(("KPI_", "FIVETRAN_", "WAREHOUSE_", "DASHBOARD_", "DAGSTER_"))
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "kpi_platform", *arguments],
        cwd=CHECKOUT,
        env={**inherited, "KPI_PLATFORM_HOME": str(home), "COLUMNS": "160", **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
