"""Computes one back-test: a process of its own, which outlives whoever has started it.

Reads the environment and the back-test's id as JSON from its input. Its report is in the dashboard database.
"""

import json
import logging
import os
import subprocess
import sys

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.pipeline.backtest.run import run_backtest
from kpi_platform.process import GIVES_WAY, alone_on_output

_log = logging.getLogger(__name__)


def start_backtest_process(configuration: Configuration, backtest_id: str) -> "subprocess.Popen[bytes]":
    """Starts to compute the back-test, in the background and with less of the processor than what is waited
    for."""
    environment = {**configuration.environment, "KPI_PLATFORM_HOME": str(configuration.home)}
    process = subprocess.Popen(
        [sys.executable, "-m", "kpi_platform.pipeline.backtest.process"],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    with process.stdin as task:
        task.write(json.dumps({"environment": environment, "backtest": backtest_id}).encode())
    return process


def main() -> None:
    alone_on_output()
    os.nice(GIVES_WAY)
    task = json.load(sys.stdin)
    configuration = Configuration.from_environment(task["environment"])
    engine = open_engine(configuration.dashboard_database_url)
    try:
        run_backtest(configuration, engine, task["backtest"], on_cancel=lambda: os._exit(0))
    except KpiPlatformError as error:
        _log.info("Back-test %s has failed: %s", task["backtest"], error)


if __name__ == "__main__":
    main()
