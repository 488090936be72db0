"""Alerts and notices, sent to the addresses that the customer's settings name: one for each channel.

The webhook has headers and signature as standardwebhooks.com says, for which receivers have libraries.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import httpx

from kpi_platform.adapters.chat import slack, teams
from kpi_platform.adapters.door import ALLOWED_HOSTS_VARIABLE, Door, HostNotAllowed
from kpi_platform.adapters.key_file import alert_key
from kpi_platform.adapters.mail import send_mail
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.alerts import HEADINGS, Alert, runbook
from kpi_platform.domain.errors import Unavailable
from kpi_platform.domain.notices import Notice, NoticeLine
from kpi_platform.domain.settings import MAIL, Alerts

TIMEOUT_SECONDS = 10.0
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Message:
    """An alert in the form that the receivers of one channel take: the body and the headers of a POST."""

    content: bytes
    headers: Mapping[str, str]


def send_through(
    configuration: Configuration, alerts: Alerts, channel: str, alert: Alert, secrets: CustomerSecrets
) -> None:
    """Sends the alert through the channel of a setting (`Alerts.channels`). A repetition has the same id.

    Raises MissingConfiguration if a variable is not set, HostNotAllowed if the operator does not allow its
    address, and Unavailable if it does not take the alert; none of them shows the address."""
    if channel == MAIL:
        send_mail(configuration, alerts.email_to, alert_notice(configuration, alert))
    else:
        _send(configuration, secrets, alerts.addresses[channel], CHANNELS[channel](configuration, alert))


def _send(configuration: Configuration, secrets: CustomerSecrets, name: str, message: Message) -> None:
    try:
        _post(configuration, secrets, name, message)
    except (httpx.HTTPError, httpx.InvalidURL, Unavailable) as cause:
        raise Unavailable(
            f"The address in {name} did not take an alert: {type(cause).__name__}.",
            next_step=f"Check the address in {name}.",
        ) from None


def _post(configuration: Configuration, secrets: CustomerSecrets, name: str, message: Message) -> None:
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
            content=message.content,
            headers={**message.headers, "Content-Type": "application/json", "Host": url.netloc.decode()},
            extensions={"sni_hostname": _host(url)},
        ).raise_for_status()


def require_allowed(configuration: Configuration, alerts: Alerts, secrets: CustomerSecrets) -> None:
    """Raises HostNotAllowed if no alert could be sent, because the operator does not allow the host;
    MissingConfiguration if the variable is not set. Asks nobody."""
    for name in alerts.addresses.values():
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


def _webhook(configuration: Configuration, alert: Alert) -> Message:
    """A signed webhook, with a `text` as chat webhooks want it."""
    body = json.dumps(
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
    moment = int(time.time())
    signed = f"{alert.id}.{moment}.".encode() + body
    headers = {
        "webhook-id": alert.id,
        "webhook-timestamp": str(moment),
        "webhook-signature": _signature(configuration, alert.customer, signed),
    }
    return Message(body, headers)


def send_notice(
    configuration: Configuration, alerts: Alerts, channel: str, notice: Notice, secrets: CustomerSecrets
) -> None:
    """Sends a notice that is no alert through one of NOTICE_CHANNELS. Raises as `send_through`."""
    if channel == MAIL:
        send_mail(configuration, alerts.email_to, notice)
    else:
        message = Message(json.dumps(_FORMS[channel](notice)).encode(), {})
        _send(configuration, secrets, alerts.addresses[channel], message)


def alert_notice(configuration: Configuration, alert: Alert) -> Notice:
    """Returns what people read of an alert in a mail or a chat."""
    run = configuration.run_url(alert.run_id)
    return Notice(
        alert.id,
        f"{alert.customer}: {HEADINGS[alert.kind]}",
        f"{alert.text} {alert.next_step}".strip(),
        link=alert.link,
        link_text="Open the page",
        footer=(
            NoticeLine(f"Since {alert.since:%Y-%m-%d %H:%M} UTC"),
            *([NoticeLine("Run in Dagster", link=run)] if run else []),
        ),
    )


def _slack(configuration: Configuration, alert: Alert) -> Message:
    return Message(json.dumps(slack(alert_notice(configuration, alert))).encode(), {})


def _teams(configuration: Configuration, alert: Alert) -> Message:
    return Message(json.dumps(teams(alert_notice(configuration, alert))).encode(), {})


_FORMS = {"slack_url_secret": slack, "teams_url_secret": teams}
NOTICE_CHANNELS = frozenset({*_FORMS, MAIL})
"""Channels that people read; programs get alerts alone."""

CHANNELS: Mapping[str, Callable[[Configuration, Alert], Message]] = {
    "webhook_url_secret": _webhook,
    "slack_url_secret": _slack,
    "teams_url_secret": _teams,
}
"""Setting of the section `alerts` that names the variable with the address → what is posted there."""


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
