"""Alerts about the findings of data tests: one for each customer and check, for as long as it lasts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.alerts import open_texts
from kpi_platform.dashboard.check_results import Finding, Outcome
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.alerts import Alert
from kpi_platform.domain.data_tests import REPORT_THE_FAULT
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.alerts import over, tell

# A source that was not synced has an alert of its own, which also comes when nothing is computed.
_TOLD_ELSEWHERE = frozenset({"sources_are_fresh"})

_NEXT_STEPS: Mapping[Outcome, str] = {
    "warn": "Look at these rows, and correct them in the source, or name another field in the settings.",
    "fail": REPORT_THE_FAULT,
    "error": "Look at the log of the run, and run it again.",
}


def tell_findings(
    configuration: Configuration,
    engine: sa.Engine,
    found: Mapping[str, Sequence[Finding]],
    settings_of: Callable[[Sequence[str]], Mapping[str, CustomerSettings]],
    run_id: str | None,
) -> int:
    """Sends what was `found` of each customer, if its settings want that, and ends the alerts of checks that
    found nothing. Returns how many alerts were sent now."""
    with reading(engine) as connection:
        open_now = open_texts(connection, "checks_fail")
    concerned = [customer for customer, findings in found.items() if findings or customer in open_now]
    told = 0
    for customer, settings in settings_of(concerned).items() if concerned else ():
        before = open_now.get(customer, {})
        wanted = {one.check: one for one in found[customer] if settings.alerts.on_failed_checks}
        for check in before.keys() - wanted.keys():
            over(engine, customer, "checks_fail", check)
        for check, finding in wanted.items():
            if check in _TOLD_ELSEWHERE or before.get(check) == finding.message:
                continue
            link = configuration.page(f"status/checks/kpis/{quote(check, safe='')}", customer)
            alert = Alert(
                "checks_fail", customer, check, finding.message, datetime.now(UTC),
                _NEXT_STEPS[finding.outcome], link, run_id,
            )  # fmt: skip
            told += tell(configuration, engine, settings, alert)
    return told
