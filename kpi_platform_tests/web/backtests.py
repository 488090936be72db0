"""Back-tests that are kept, with a report, without computing any."""

import sqlalchemy as sa

from kpi_platform.dashboard.backtests import StoredBacktest, add_backtest, end_backtest
from kpi_platform.domain.backtest.judge import report_of
from kpi_platform.domain.backtest.report import BacktestReport
from kpi_platform_tests.domain.backtest.made_rows import SPEC, rows_of
from kpi_platform_tests.domain.backtest.test_advice import world


def made_report(*, accounts: int = 100) -> BacktestReport:
    """Returns the report of rows in which adoption foretells who leaves; with few accounts, not enough."""
    return report_of(rows_of(world("adoption_index", accounts=accounts)), SPEC)


def keep_backtest(
    engine: sa.Engine, customer: str, *, report: BacktestReport | None = None, who: str = "Ada"
) -> StoredBacktest:
    """Keeps a back-test that is done with `report`; one that is being computed without."""
    with engine.begin() as connection:
        asked = add_backtest(connection, customer, SPEC, who=who)
        if report is not None:
            end_backtest(connection, asked.id, "done", report=report)
    return asked
