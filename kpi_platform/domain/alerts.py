"""Alerts: their kinds, and the runbook for each."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AlertKind = Literal["sync_failed", "source_stale", "checks_fail", "kpi_at_risk", "load_held", "test"]
"""A sync failed for good; a source was not synced for too long; a check found rows that break its rule; KPIs
of accounts became at risk; a load would have done harm, and waits for somebody's decision; somebody tries
whether alerts arrive."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert in plain words without secrets. `kind`, `customer` and `subject` identify it and stay the same
    for as long as it lasts; `since` is when it began; `link` leads to the page with more; `run_id` is
    Dagster's."""

    kind: AlertKind
    customer: str
    subject: str
    text: str
    since: datetime
    next_step: str
    link: str | None = None
    run_id: str | None = None

    @property
    def id(self) -> str:
        """An id that is the same for every try to send the alert, so that a receiver can drop repetitions."""
        named = f"{self.customer}/{self.kind}/{self.subject}/{self.since.isoformat()}"
        return f"msg_{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def runbook(kind: AlertKind) -> str:
    """Returns the file of the project that says step by step what to do about an alert of this kind."""
    return f"docs/runbooks/{kind}.md"
