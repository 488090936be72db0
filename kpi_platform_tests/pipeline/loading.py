"""Loads one customer, as most tests want it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import LoadHeld
from kpi_platform.pipeline.load import LoadReport, load_together


def load_dashboard(
    configuration: Configuration, engine: sa.Engine, customer: str, as_of: datetime, **options: Any
) -> LoadReport:
    """`load_together` for one customer, with its options. Raises LoadHeld if the load would do harm."""
    [outcome] = load_together(configuration, engine, [customer], as_of, **options)
    if isinstance(outcome, LoadHeld):
        raise outcome
    return outcome
