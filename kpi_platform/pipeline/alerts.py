"""Alerts: sent once through each channel for as long as they last, and repeated until it takes them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from kpi_platform.adapters.alerts import send_through
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import alerts as store
from kpi_platform.dashboard import deliveries
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.alerts import Alert, AlertKind, collected
from kpi_platform.domain.errors import Conflict, InvalidInput, KpiPlatformError
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.customer_settings import customer_secrets, effective_settings

TESTS_PER_HOUR = 20
_HOUR = timedelta(hours=1)
_log = logging.getLogger(__name__)


def tell(configuration: Configuration, engine: sa.Engine, settings: CustomerSettings, alert: Alert) -> bool:
    """Logs the alert and sends it to the receivers in the settings, unless it is open and was sent already.
    Returns whether all have taken it now. One that does not is logged; `tell_again` tries again, and sends
    what is beyond the limit of an hour."""
    with engine.begin() as connection:
        since = store.open_alert(
            connection, alert.customer, alert.kind, alert.subject,
            text=alert.text, next_step=alert.next_step, since=alert.since, link=alert.link,
            run_id=alert.run_id,
        )  # fmt: skip
        if since is None:
            return False
        secrets = customer_secrets(configuration, connection, alert.customer)
    ids = {"customer": alert.customer, "run_id": alert.run_id}
    _log.warning("%s: %s %s", alert.customer, alert.text, alert.next_step, extra=ids)
    return bool(_send(configuration, engine, settings, secrets, [replace(alert, since=since)]))


def tell_again(
    configuration: Configuration, engine: sa.Engine, customer: str, settings: CustomerSettings
) -> int:
    """Sends the customer's open alerts that were not taken yet; more than the limit go as one. Returns how
    many were taken now."""
    with reading(engine) as connection:
        untold = [one for one in store.open_alerts(connection, customer) if one.told_at is None]
        secrets = customer_secrets(configuration, connection, customer)
    alerts = [
        Alert(one.kind, customer, one.subject, one.text, one.since, one.next_step, one.link, one.run_id)
        for one in untold
    ]
    return _send(configuration, engine, settings, secrets, alerts) if alerts else 0


def over(engine: sa.Engine, customer: str, kind: AlertKind, subject: str) -> None:
    """Closes an alert, so that the next of its kind is sent again."""
    with engine.begin() as connection:
        store.clear_alert(connection, customer, kind, subject)


@dataclass(frozen=True, slots=True)
class TestedChannel:
    """A test alert through the channel of a setting. `error` is None if it was taken."""

    channel: str
    error: KpiPlatformError | None


def send_test(configuration: Configuration, engine: sa.Engine, customer: str) -> list[TestedChannel]:
    """Sends a test alert through every channel of the saved settings. InvalidInput if they name none,
    Conflict after TESTS_PER_HOUR within an hour."""
    now = datetime.now(UTC)
    with reading(engine) as connection:
        settings = effective_settings(configuration, connection, customer)
        secrets = customer_secrets(configuration, connection, customer)
    if not settings.alerts.channels:
        raise InvalidInput(
            "The settings name no receiver of alerts.",
            next_step="Name one in the section Alerts, and save: e-mail addresses, or the variable with the "
            "address of a webhook, of Slack or of Teams.",
        )
    alert = Alert(
        "test", customer, "test", "This is a test.", now, "Nothing is to be done.",
        configuration.page("status", customer),
    )  # fmt: skip
    with engine.begin() as connection:
        if deliveries.messages_since(connection, customer, "test", now - _HOUR) >= TESTS_PER_HOUR:
            raise Conflict(
                f"{TESTS_PER_HOUR} tests were sent within an hour.", next_step="Try again in an hour."
            )
        deliveries.claim(connection, customer, "test", [alert.id], alert.id, now)
        deliveries.take(connection, customer, "test", [alert.id], now)
    tested = []
    for channel in settings.alerts.channels:
        error = None
        try:
            send_through(configuration, settings.alerts, channel, alert, secrets)
        except KpiPlatformError as refused:
            error = refused
        tested.append(TestedChannel(channel, error))
    return tested


def _send(
    configuration: Configuration,
    engine: sa.Engine,
    settings: CustomerSettings,
    secrets: CustomerSecrets,
    alerts: Sequence[Alert],
) -> int:
    """Sends alerts of one customer through each channel that has not taken them. Returns how many of them
    every channel has taken with this."""
    ids = {one.id for one in alerts}
    left: set[str] = set()
    for channel in settings.alerts.channels:
        with reading(engine) as connection:
            done = deliveries.taken(connection, secrets.customer, channel, ids)
            hour = datetime.now(UTC) - _HOUR
            sent = deliveries.messages_since(connection, secrets.customer, channel, hour)
        pending = [one for one in alerts if one.id not in done]
        room = (settings.alerts.most_per_hour or sent + len(pending)) - sent
        if room <= 0:
            left |= {one.id for one in pending}
            continue
        for batch in [[one] for one in pending] if len(pending) <= room else [pending]:
            if not _send_batch(configuration, engine, settings, secrets, channel, batch):
                left |= {one.id for one in batch}
    with engine.begin() as connection:
        return sum(
            store.note_told(connection, one.customer, one.kind, one.subject, one.since)
            for one in alerts
            if one.id not in left
        )


def _send_batch(
    configuration: Configuration,
    engine: sa.Engine,
    settings: CustomerSettings,
    secrets: CustomerSecrets,
    channel: str,
    batch: Sequence[Alert],
) -> bool:
    """Sends one alert, or several as one. Whether the channel has taken it."""
    customer, ids = secrets.customer, [one.id for one in batch]
    alert = batch[0] if len(batch) == 1 else collected(batch, configuration.page("status", customer))
    with engine.begin() as connection:
        if not deliveries.claim(connection, customer, channel, ids, alert.id, datetime.now(UTC)):
            return False
    try:
        send_through(configuration, settings.alerts, channel, alert, secrets)
    except KpiPlatformError as untold:
        _log.error("%s: %s", customer, untold, extra={"customer": customer, "run_id": alert.run_id})
        with engine.begin() as connection:
            deliveries.release(connection, customer, channel, ids)
        return False
    with engine.begin() as connection:
        deliveries.take(connection, customer, channel, ids, datetime.now(UTC))
    return True
