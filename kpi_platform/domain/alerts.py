"""Alerts: their kinds, and the runbook for each."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AlertKind = Literal["sync_failed", "source_stale", "checks_fail", "kpi_at_risk", "load_held", "many", "test"]
"""A sync failed for good; a source was not synced for too long; a check found rows that break its rule; KPIs
of accounts became at risk; a load would have done harm, and waits for somebody's decision; more alerts came
than may be sent singly; somebody tries whether alerts arrive."""

HEADINGS: Mapping[AlertKind, str] = {
    "sync_failed": "a sync has failed",
    "source_stale": "a source is not synced",
    "checks_fail": "a check has found something",
    "kpi_at_risk": "accounts became at risk",
    "load_held": "a load waits for a decision",
    "many": "several alerts",
    "test": "a test",
}
"""What a mail or a message has as its title, behind the customer."""


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
        return alert_id(self.customer, self.kind, self.subject, self.since)


def alert_id(customer: str, kind: AlertKind, subject: str, since: datetime) -> str:
    """Returns the id of an alert from what identifies it."""
    named = f"{customer}/{kind}/{subject}/{since.isoformat()}"
    return f"msg_{hashlib.sha256(named.encode()).hexdigest()[:32]}"


_NAMED = 10


def collected(alerts: Sequence[Alert], link: str) -> Alert:
    """Returns one alert for several of a customer, the oldest of which gives it its id."""
    oldest = min(alerts, key=lambda one: (one.since, one.id))
    named = " ".join(f"({number}) {one.text}" for number, one in enumerate(alerts[:_NAMED], 1))
    more = len(alerts) - _NAMED
    return Alert(
        "many", oldest.customer, oldest.id,
        f"{len(alerts)} alerts came within an hour: {named}{f' And {more} more.' if more > 0 else ''}",
        oldest.since, "Look at the page of the connections, which shows all that are open.", link,
    )  # fmt: skip


def runbook(kind: AlertKind) -> str:
    """Returns the file of the project that says step by step what to do about an alert of this kind."""
    return f"docs/runbooks/{kind}.md"
