"""`make demo` itself, from a home that is not there yet, and then the tutorial, command by command."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi_platform_tests.cli.commands import CHECKOUT
from kpi_platform_tests.ports import free_port

TUTORIAL = CHECKOUT / "docs" / "tutorial.md"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def environment(home: Path) -> dict[str, str]:
    return os.environ | {
        "KPI_PLATFORM_HOME": str(home),
        "KPI_LOCAL_FIVETRAN_PORT": str(free_port()),
        "PATH": f"{CHECKOUT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "COLUMNS": "160",
    }


@pytest.fixture(scope="module")
def made(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return _run(["make", "demo", "DEMO=--no-history"], CHECKOUT, environment)


@pytest.mark.timeout(600)
def test_make_demo_loads_three_customers_and_says_what_next(
    made: subprocess.CompletedProcess[str], home: Path
) -> None:
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


@pytest.mark.timeout(600)
def test_every_command_of_the_tutorial_does_what_it_says(
    made: subprocess.CompletedProcess[str], environment: dict[str, str], tmp_path: Path
) -> None:
    first, *blocks = re.findall(r"```sh\n(.*?)```", TUTORIAL.read_text(), flags=re.DOTALL)
    assert first == "make demo\n"
    script = tmp_path / "tutorial.sh"
    # Whatever fails, the server of the tutorial does not outlive it.
    start = "set -eu -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
    script.write_text(start + "".join(blocks).replace("8080", str(free_port())))

    ran = _run(["bash", str(script)], tmp_path, environment)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    for seen in (
        "exit code 1",
        "1,a,",
        '"name":"Contoso"',
        "account_matching.threshold: 0.85 → 0.9",
        "rollback",
    ):
        assert seen in ran.stdout, seen + "\n" + ran.stdout


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=550, check=False
    )
