"""A process that holds something for as long as a test needs it held."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def holding(program: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a program that prints `held` once it holds what it is to, and then waits for its input to end.
    It is killed at the end, unless the test has done so."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.kill()
