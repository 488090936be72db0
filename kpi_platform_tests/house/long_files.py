"""Files stay under 300 lines, one thought each."""

from collections.abc import Iterator

from kpi_platform_tests.house.source_file import Breach, SourceFile

LINES = 300
REASON = "# Long: "
"""Begins the line, among the first five, that says why a file is longer."""


def long_files(file: SourceFile) -> Iterator[Breach]:
    """Finds files that are longer and give no reason."""
    lines = file.text.splitlines()
    if len(lines) > LINES and not any(line.startswith(REASON) for line in lines[:5]):
        yield file.breach(
            1, f"{len(lines)} lines: divide it, or say why not in a line '{REASON}…' at its top."
        )
