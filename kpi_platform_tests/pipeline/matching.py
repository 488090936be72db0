"""Matches one customer, as most tests want it."""

from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.pipeline.match import MatchReport, match_together


def match_accounts(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    as_of: datetime,
    *,
    mode: Literal["auto", "manual"] = "auto",
) -> MatchReport:
    """`match_together` for one customer."""
    [report] = match_together(configuration, engine, [customer], as_of, mode=mode)
    return report
