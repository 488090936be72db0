"""Alerts: told to whoever the customer's settings name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import Unavailable
from kpi_platform.domain.settings import Alerts

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a person ought to know. `kind` is stable and machine-readable; `text` is plain words,
    without secrets; `details` are JSON-serialisable."""

    kind: str
    customer: str
    text: str
    details: Mapping[str, Any]


def send_alert(configuration: Configuration, alerts: Alerts, alert: Alert) -> bool:
    """Posts the alert as JSON (with a `text`, as chat webhooks want it) to the address in the environment
    variable that `alerts.webhook_url_secret` names. False where none is named. Raises MissingConfiguration
    where the variable is not set, and Unavailable where the address does not take it; neither shows it."""
    if alerts.webhook_url_secret is None:
        return False
    body = {
        "kind": alert.kind,
        "customer": alert.customer,
        "text": f"{alert.customer}: {alert.text}",
        "details": dict(alert.details),
    }
    try:
        url = configuration.secret(alerts.webhook_url_secret)
        httpx.post(url, json=body, timeout=TIMEOUT_SECONDS).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as cause:
        raise Unavailable(
            f"The address in {alerts.webhook_url_secret} did not take an alert: {type(cause).__name__}.",
            next_step=f"Check the address in {alerts.webhook_url_secret}.",
        ) from None
    return True
