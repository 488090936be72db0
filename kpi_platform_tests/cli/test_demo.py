"""`make demo` itself, from a home that is not there yet."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi_platform_tests.cli.commands import CHECKOUT, run_command


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.timeout(600)
def test_make_demo_loads_three_customers_and_says_what_next(tmp_path: Path) -> None:
    home, port = tmp_path / "home", _free_port()
    environment = {**os.environ, "KPI_PLATFORM_HOME": str(home), "KPI_LOCAL_FIVETRAN_PORT": port}
    made = subprocess.run(
        ["make", "demo"],
        cwd=CHECKOUT,
        env=environment | {"COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )

    assert made.returncode == 0, made.stdout + made.stderr
    assert "Net Revenue Retention" in made.stdout
    assert "kpi-platform up" in made.stdout
    assert "Warning" not in made.stderr
    engine = sa.create_engine(f"sqlite:///{home / 'dashboard.db'}")
    with engine.connect() as connection:
        loaded = connection.execute(
            sa.text("select count(distinct customer_id), count(*) from kpis where value is not null")
        ).one()
    engine.dispose()
    assert loaded[0] == 3
    assert loaded[1] > 1000

    checked = run_command(home, "doctor", KPI_LOCAL_FIVETRAN_PORT=port)
    assert checked.returncode == 0, checked.stdout
