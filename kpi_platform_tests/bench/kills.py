"""Kills fifty loads on either database, at random moments of every phase, and counts them.

`python -m kpi_platform_tests.bench.kills [KILLS]`. An undisturbed run of the same data is the measure.
"""

import sys
import tempfile
from pathlib import Path

from kpi_platform_tests.pipeline.kills import PHASES, kill_loads
from kpi_platform_tests.postgres import PostgresServer


def main(kills: int = 50) -> None:
    """Prints how many loads were killed in which phase. AssertionError if one left something half done."""
    with PostgresServer.start() as server, server.database() as url:
        for name, target in (("SQLite", None), ("PostgreSQL", url)):
            with tempfile.TemporaryDirectory(prefix="kpi-kills-") as folder:
                home = Path(folder)
                killed = kill_loads(home, target or f"sqlite:///{home / 'wild.db'}", kills, size=100)
                counts = ", ".join(f"{killed[phase]} in {phase}" for phase in (*PHASES, "done"))
                print(f"{name}: killed {counts}; nothing lost, doubled or half visible", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
