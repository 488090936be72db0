"""docs/commands.md is made from the commands themselves."""

import subprocess
import sys

from kpi_platform_tests.cli.commands import CHECKOUT


def test_the_page_of_all_commands_is_up_to_date() -> None:
    module = ["kpi_platform.cli.main", "utils", "docs", "--name", "kpi-platform"]
    made = subprocess.run(
        [sys.executable, "-m", "typer", *module], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )

    assert (CHECKOUT / "docs" / "commands.md").read_text().strip() == made.stdout.strip(), (
        "Make it anew: make reference"
    )
