"""Digests: what changed for a customer's accounts, and what waits, as a message a day. Each is sent once."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from kpi_platform.adapters.alerts import NOTICE_CHANNELS, send_notice
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import deliveries
from kpi_platform.dashboard.accounts import Account
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.load_holds import open_hold
from kpi_platform.dashboard.matches import count_matches
from kpi_platform.domain.digests import DueDigest, due_digest
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.notices import Notice, NoticeLine, NoticePart
from kpi_platform.domain.reason_names import reason_name
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.changes import AccountChanges, MovedAccount, changes_between
from kpi_platform.pipeline.customer_settings import customer_secrets

SHOWN = 8
"""Accounts of each list; the page has all."""
_REASONS = 2
_log = logging.getLogger(__name__)


def send_due_digests(
    configuration: Configuration,
    engine: sa.Engine,
    settings: Mapping[str, CustomerSettings],
    now: datetime | None = None,
) -> int:
    """Sends the digests that are due through each channel of the customer's that has not taken them. Returns
    how many messages were taken. A receiver that fails is logged, and tried again at the next call."""
    now = now or datetime.now(UTC)
    sent = 0
    for customer, wanted in settings.items():
        channels = [one for one in wanted.alerts.channels if one in NOTICE_CHANNELS]
        due = due_digest(wanted, now) if channels else None
        if due is not None:
            sent += _send(configuration, engine, customer, wanted, due, channels, now)
    return sent


def _send(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    settings: CustomerSettings,
    due: DueDigest,
    channels: Sequence[str],
    now: datetime,
) -> int:
    key = due.id(customer)
    with reading(engine) as connection:
        left = [one for one in channels if not deliveries.taken(connection, customer, one, [key])]
        if not left:
            return 0
        secrets = customer_secrets(configuration, connection, customer)
        notice = digest_of(configuration, connection, customer, settings, due)
    sent = 0
    for channel in left:
        with engine.begin() as connection:
            if not deliveries.claim(connection, customer, channel, [key], key, now):
                continue
        try:
            send_notice(configuration, settings.alerts, channel, notice, secrets)
        except KpiPlatformError as error:
            _log.error("%s: %s", customer, error, extra={"customer": customer})
            with engine.begin() as connection:
                deliveries.release(connection, customer, channel, [key])
            continue
        with engine.begin() as connection:
            deliveries.take(connection, customer, channel, [key], now)
        sent += 1
    return sent


def digest_of(
    configuration: Configuration,
    connection: sa.Connection,
    customer: str,
    settings: CustomerSettings,
    due: DueDigest,
) -> Notice:
    """Returns the digest: who got worse and better and why, who is new or gone, whose data was lost, and
    what waits for somebody."""
    changes = changes_between(connection, customer, due.since, limit=SHOWN)
    parts = [
        _part(configuration, customer, changes, "worse", "Got worse", map(_moved, changes.worse)),
        _part(configuration, customer, changes, "better", "Got better", map(_moved, changes.better)),
        _part(configuration, customer, changes, "new", "New", ((one, "") for one in changes.new)),
        _part(configuration, customer, changes, "gone", "Gone", ((one, "") for one in changes.gone)),
        _part(
            configuration, customer, changes, "lost", "Lost their data",
            ((one.account, f": {len(one.values)} values") for one in changes.lost),
        ),
        _waiting(configuration, connection, customer),
    ]  # fmt: skip
    worse, better = changes.counts["worse"], changes.counts["better"]
    name = get_customer(connection, customer).name
    zone, hour = settings.fivetran.timezone, settings.alerts.digest_hour
    return Notice(
        due.id(customer),
        f"{name}: {_accounts(worse)} got worse, {better} better",
        f"What changed since {changes.since:%d %b %Y, %H:%M} UTC.",
        tuple(part for part in parts if part.lines),
        link=configuration.page("", customer),
        link_text="Open Today",
        footer=(
            NoticeLine(f"Sent {settings.alerts.digest} at {hour}:00 ({zone})"),
            NoticeLine("Change this in the settings", link=_settings(configuration, customer)),
        ),
    )


def _part(
    configuration: Configuration,
    customer: str,
    changes: AccountChanges,
    kind: str,
    title: str,
    rows: Iterable[tuple[Account, str]],
) -> NoticePart:
    lines = tuple(
        NoticeLine(account.name, rest, configuration.page(f"accounts/{account.id}", customer))
        for account, rest in rows
    )
    left = changes.counts[kind] - len(lines)
    return NoticePart(f"{title}: {changes.counts[kind]}", lines, f"and {left} more" if left > 0 else "")


def _moved(one: MovedAccount) -> tuple[Account, str]:
    reasons = ", ".join(f"{reason_name(reason)} {reason.points:+.1f}" for reason in one.reasons[:_REASONS])
    return one.account, f": {one.before:.1f} → {one.after:.1f}{f' ({reasons})' if reasons else ''}"


def _waiting(configuration: Configuration, connection: sa.Connection, customer: str) -> NoticePart:
    lines = []
    hold = open_hold(connection, customer)
    if hold is not None:
        lines.append(
            NoticeLine("A load waits for your decision", link=configuration.page("uploads", customer))
        )
    review = count_matches(connection, customer).get("review", 0)
    if review:
        lines.append(
            NoticeLine(f"{_accounts(review)} to match", link=configuration.page("matches", customer))
        )
    return NoticePart("Waiting for you", tuple(lines))


def _settings(configuration: Configuration, customer: str) -> str:
    return f"{configuration.page('settings', customer)}&section=alerts"


def _accounts(count: int) -> str:
    return f"{count} account{'' if count == 1 else 's'}"
