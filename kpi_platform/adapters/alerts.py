"""Alerts as signed webhooks: told to whoever the customer's settings name.

The headers and the signature are those of standardwebhooks.com, for which receivers have libraries.
"""

import base64
import hmac
import json
import time

import httpx

from kpi_platform.adapters.key_file import alert_key
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.alerts import Alert, runbook
from kpi_platform.domain.errors import Unavailable
from kpi_platform.domain.settings import Alerts

TIMEOUT_SECONDS = 10.0


def send_alert(configuration: Configuration, alerts: Alerts, alert: Alert, secrets: CustomerSecrets) -> bool:
    """Posts the alert to the address in the variable that `alerts.webhook_url_secret` names. False where none
    is named. Raises MissingConfiguration where the variable is not set, and Unavailable where the
    address does not take it; neither shows it."""
    if alerts.webhook_url_secret is None:
        return False
    body, moment = _body(configuration, alert), int(time.time())
    signed = f"{alert.id}.{moment}.".encode() + body
    headers = {
        "Content-Type": "application/json",
        "webhook-id": alert.id,
        "webhook-timestamp": str(moment),
        "webhook-signature": _signature(configuration, alert.customer, signed),
    }
    try:
        url = secrets.secret(alerts.webhook_url_secret).text()
        httpx.post(url, content=body, headers=headers, timeout=TIMEOUT_SECONDS).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as cause:
        raise Unavailable(
            f"The address in {alerts.webhook_url_secret} did not take an alert: {type(cause).__name__}.",
            next_step=f"Check the address in {alerts.webhook_url_secret}.",
        ) from None
    return True


def _body(configuration: Configuration, alert: Alert) -> bytes:
    """JSON, with a `text` as chat webhooks want it."""
    return json.dumps(
        {
            "type": alert.kind,
            "timestamp": alert.since.isoformat(),
            "text": f"{alert.customer}: {alert.text} {alert.next_step}".strip(),
            "data": {
                "customer": alert.customer,
                "subject": alert.subject,
                "what": alert.text,
                "since": alert.since.isoformat(),
                "what_to_do": alert.next_step,
                "link": alert.link,
                "runbook": runbook(alert.kind),
                "run_url": configuration.run_url(alert.run_id),
            },
        }
    ).encode()


def signing_secret(configuration: Configuration, customer: str) -> str:
    """What the customer's receiver checks signatures with. Made of the installation's key (KPI_ALERT_KEY), so
    that no customer can sign for another."""
    return f"whsec_{base64.b64encode(_key_of(configuration, customer)).decode()}"


def _signature(configuration: Configuration, customer: str, content: bytes) -> str:
    digest = hmac.digest(_key_of(configuration, customer), content, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def _key_of(configuration: Configuration, customer: str) -> bytes:
    key = alert_key(configuration)
    return hmac.digest(key, f"alerts of {customer}".encode(), "sha256")
