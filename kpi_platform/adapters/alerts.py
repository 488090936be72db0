"""Alerts as signed webhooks, sent to the address that the customer's settings name.

The headers and the signature are those of standardwebhooks.com, for which receivers have libraries.
"""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import replace

import httpx

from kpi_platform.adapters.door import ALLOWED_HOSTS_VARIABLE, Door, HostNotAllowed
from kpi_platform.adapters.key_file import alert_key
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.alerts import Alert, runbook
from kpi_platform.domain.errors import Unavailable
from kpi_platform.domain.settings import Alerts

TIMEOUT_SECONDS = 10.0
_PORTS = {"http": 80, "https": 443}


def send_alert(configuration: Configuration, alerts: Alerts, alert: Alert, secrets: CustomerSecrets) -> bool:
    """Posts the alert to the address in the variable that `alerts.webhook_url_secret` names. False if none
    is named. Raises MissingConfiguration if the variable is not set, HostNotAllowed if the operator
    does not allow the address, and Unavailable if it does not take the alert; none of them shows it."""
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
        _post(configuration, secrets, alerts.webhook_url_secret, body, headers)
    except (httpx.HTTPError, httpx.InvalidURL, Unavailable) as cause:
        raise Unavailable(
            f"The address in {alerts.webhook_url_secret} did not take an alert: {type(cause).__name__}.",
            next_step=f"Check the address in {alerts.webhook_url_secret}.",
        ) from None
    return True


def _post(
    configuration: Configuration,
    secrets: CustomerSecrets,
    name: str,
    body: bytes,
    headers: Mapping[str, str],
) -> None:
    """To the address that the door answers, with the host's name for its certificate. A redirect is followed
    nowhere: it is an error."""
    url = httpx.URL(secrets.secret(name).text())
    try:
        address = _door(configuration, url).address(_host(url), url.port or _PORTS.get(url.scheme, 0))
    except HostNotAllowed:
        raise _not_allowed(name) from None
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        client.post(
            url.copy_with(host=address),
            content=body,
            headers={**headers, "Host": url.netloc.decode()},
            extensions={"sni_hostname": _host(url)},
        ).raise_for_status()


def require_allowed(configuration: Configuration, alerts: Alerts, secrets: CustomerSecrets) -> None:
    """Raises HostNotAllowed if no alert could be sent, because the operator does not allow the host;
    MissingConfiguration if the variable is not set. Asks nobody."""
    name = alerts.webhook_url_secret
    if name is None:
        return
    try:
        url = httpx.URL(secrets.secret(name).text())
        _door(configuration, url).require_host(_host(url))
    except (httpx.InvalidURL, HostNotAllowed):
        raise _not_allowed(name) from None


def _door(configuration: Configuration, url: httpx.URL) -> Door:
    """The operator's own variable names the host: over https that is enough for a public one."""
    door = Door.of(configuration)
    return replace(door, named=_host(url)) if url.scheme == "https" else door


def _host(url: httpx.URL) -> str:
    return url.raw_host.decode().lower().rstrip(".")


def _not_allowed(name: str) -> HostNotAllowed:
    return HostNotAllowed(
        f"The address in {name} is not one that may be reached from here.",
        next_step="Use https and a public host, or ask the operator to add the host, and its address if "
        f"that is private, to {ALLOWED_HOSTS_VARIABLE}.",
    )


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
    """Returns the secret with which the customer's receiver checks signatures. It is derived from the
    installation's key (KPI_ALERT_KEY), so that no customer can sign for another."""
    return f"whsec_{base64.b64encode(_key_of(configuration, customer)).decode()}"


def _signature(configuration: Configuration, customer: str, content: bytes) -> str:
    digest = hmac.digest(_key_of(configuration, customer), content, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def _key_of(configuration: Configuration, customer: str) -> bytes:
    key = alert_key(configuration)
    return hmac.digest(key, f"alerts of {customer}".encode(), "sha256")
