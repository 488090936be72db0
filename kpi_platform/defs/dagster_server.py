"""Runs a server of Dagster with our patches: `python -m kpi_platform.defs.dagster_server MODULE …`.

MODULE is `dagster_webserver` or `dagster._daemon`, the rest their own arguments.
"""

import runpy
import sys

from kpi_platform.defs.dagster_insides import keep_scripts, watch_less_often


def main() -> None:
    """Replaces this program by the server's."""
    watch_less_often()
    keep_scripts()
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
