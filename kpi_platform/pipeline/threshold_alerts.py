"""Alerts about accounts that became at risk: one an upload, for all of them together."""

from collections.abc import Sequence

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.alerts import clear_kind
from kpi_platform.dashboard.crossings import Crossing, became_at_risk
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.alerts import Alert
from kpi_platform.pipeline.alerts import tell
from kpi_platform.pipeline.load import LoadReport

_NAMED = 10


def tell_crossings(
    configuration: Configuration, engine: sa.Engine, report: LoadReport, run_id: str | None
) -> bool:
    """Alerts about values that the load brought over their threshold, if the settings that it went by want
    that. Returns whether an alert was sent."""
    customer, version = report.customer, report.version
    if version is None or not report.settings.alerts.on_threshold_crossing:
        return False
    with reading(engine) as connection:
        crossings = became_at_risk(connection, customer, version)
    if not crossings:
        return False
    subject = f"upload v{version}"
    with engine.begin() as connection:
        # An event, not a state: the one before is over when the next comes.
        clear_kind(connection, customer, "kpi_at_risk", but=subject)
    alert = Alert(
        "kpi_at_risk", customer, subject, _text(crossings), report.as_of,
        "Look at these accounts, and talk to their owners.",
        configuration.page("accounts", customer), run_id,
    )  # fmt: skip
    return tell(configuration, engine, report.settings, alert)


def _text(crossings: Sequence[Crossing]) -> str:
    accounts = len({one.account_id for one in crossings})
    named = [
        f"{one.display_name} of {one.account} ({'unknown' if one.before is None else f'{one.before:g}'} → "
        f"{one.value:g} {one.unit})"
        for one in crossings[:_NAMED]
    ]
    more = len(crossings) - len(named)
    count = f"{len(crossings)} KPI{'s' * (len(crossings) > 1)} of {accounts} account{'s' * (accounts > 1)}"
    return f"{count} became at risk: {', '.join(named)}{f', and {more} more' if more else ''}."
