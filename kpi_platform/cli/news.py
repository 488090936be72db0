"""The lines that `up` prints: what has happened, from the dashboard database and from Dagster."""

from typing import TYPE_CHECKING

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.news import DashboardNews
from kpi_platform.domain.news import lines

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kpi_platform.defs.run_news import RunNews


class Newsreader:
    """Reads on from where it was read last."""

    def __init__(self, configuration: Configuration, engine: "Engine") -> None:
        self._configuration = configuration
        self._dashboard = DashboardNews(engine)
        self._runs: RunNews | None = None

    def new(self) -> list[str]:
        """Returns a line for everything that has happened since the last call."""
        return [*lines(self._dashboard.new()), *lines(self._run_news().new())]

    def close(self) -> None:
        self._dashboard.close()
        if self._runs is not None:
            self._runs.close()

    def _run_news(self) -> "RunNews":
        if self._runs is None:
            # Imported late: Dagster takes a second, and the links are shown before.
            from kpi_platform.defs.run_news import RunNews

            self._runs = RunNews.of(self._configuration)
        return self._runs
