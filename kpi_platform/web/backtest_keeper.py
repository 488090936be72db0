"""Back-tests go on: a process that was killed, or has ended with its server, is started again."""

import logging
import subprocess
import threading

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.backtests import are_lost, take_over_lost
from kpi_platform.dashboard.database import reading
from kpi_platform.pipeline.backtest.process import start_backtest_process

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 15.0


class BacktestKeeper:
    """Starts the processes of back-tests, and looks for those that were lost."""

    def __init__(self, configuration: Configuration, engine: sa.Engine) -> None:
        self._configuration = configuration
        self._engine = engine
        self._processes: list[subprocess.Popen[bytes]] = []
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backtest-keeper", daemon=True)

    def watch(self) -> None:
        self._thread.start()

    def start(self, backtest_id: str) -> None:
        self._processes.append(start_backtest_process(self._configuration, backtest_id))

    def look(self) -> int:
        """Starts lost back-tests again, and lets processes go that have ended. Returns how many are at
        work."""
        self._processes = [one for one in self._processes if one.poll() is None]
        with reading(self._engine) as connection:
            lost = are_lost(connection)
        if lost:
            with self._engine.begin() as connection:
                taken = take_over_lost(connection)
            for backtest_id in taken:
                self.start(backtest_id)
        return len(self._processes)

    def close(self) -> None:
        """Stops looking. Processes go on."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.wait(_EVERY_SECONDS):
            try:
                self.look()
            except sa.exc.SQLAlchemyError:
                _log.warning("Cannot look for back-tests that were lost; trying again.", exc_info=True)
