"""Alerts that are sent once for as long as they last, and repeated until every address has taken them."""

import logging

import sqlalchemy as sa

from kpi_platform.adapters.alerts import send_alert
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import alerts as store
from kpi_platform.domain.alerts import Alert, AlertKind
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.customer_settings import customer_secrets

_log = logging.getLogger(__name__)


def tell(configuration: Configuration, engine: sa.Engine, settings: CustomerSettings, alert: Alert) -> bool:
    """Logs the alert and posts it to the address in the settings, unless it is open and was sent already.
    Returns whether it was sent now. An address that does not take it is logged; the next `tell` tries
    again."""
    with engine.begin() as connection:
        if not store.open_alert(
            connection, alert.customer, alert.kind, alert.subject,
            text=alert.text, next_step=alert.next_step, since=alert.since, link=alert.link,
            run_id=alert.run_id,
        ):  # fmt: skip
            return False
        secrets = customer_secrets(configuration, connection, alert.customer)
    ids = {"customer": alert.customer, "run_id": alert.run_id}
    _log.warning("%s: %s %s", alert.customer, alert.text, alert.next_step, extra=ids)
    try:
        send_alert(configuration, settings.alerts, alert, secrets)
    except KpiPlatformError as untold:
        _log.error("%s: %s", alert.customer, untold, extra=ids)
        with engine.begin() as connection:
            store.untell(connection, alert.customer, alert.kind, alert.subject)
        return False
    return True


def tell_again(
    configuration: Configuration, engine: sa.Engine, customer: str, settings: CustomerSettings
) -> int:
    """Sends the customer's open alerts that were not taken yet. Returns how many were taken now."""
    with engine.connect() as connection:
        untold = [one for one in store.open_alerts(connection, customer) if one.told_at is None]
    return sum(
        tell(configuration, engine, settings, Alert(
            one.kind, customer, one.subject, one.text, one.since, one.next_step, one.link, one.run_id,
        ))
        for one in untold
    )  # fmt: skip


def over(engine: sa.Engine, customer: str, kind: AlertKind, subject: str) -> None:
    """Closes an alert, so that the next of its kind is sent again."""
    with engine.begin() as connection:
        store.clear_alert(connection, customer, kind, subject)
