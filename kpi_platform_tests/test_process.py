"""A process of ours ends at once, and as it would have ended."""

import subprocess
import sys

import pytest

COMMAND = """
import atexit
from kpi_platform.process import run

atexit.register(print, "before anything")

def command():
    atexit.register(print, "closed")
    print("done")
    {end}

run(command)
"""


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        ("return None", 0, ""),
        ("return 3", 3, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit(2)", 2, ""),
        ("raise SystemExit('no such customer')", 1, "no such customer"),
        ("raise ValueError('broken')", 1, "ValueError: broken"),
    ],
)
def test_a_command_ends_with_its_code_once_what_it_opened_is_closed(end: str, code: int, said: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND.format(end=end)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == code
    assert said in ended.stderr
    # What was registered before the command is not ours to close.
    assert ended.stdout.splitlines() == ["done", "closed"]
