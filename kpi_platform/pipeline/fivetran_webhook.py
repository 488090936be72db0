"""Our webhook in Fivetran: made, tested, removed, and made again if Fivetran has switched it off."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import urlsplit

import sqlalchemy as sa

from kpi_platform.adapters.fivetran import FivetranApi, open_fivetran
from kpi_platform.adapters.fivetran_webhook import Webhook, webhook_secret
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.fivetran_account import fivetran_account, note_webhook
from kpi_platform.domain.errors import FivetranRefused, InvalidInput, KpiPlatformError

PATH = "/api/webhooks/fivetran"


def webhook_url(configuration: Configuration) -> str:
    """Returns the address at which Fivetran reaches the web app."""
    return f"{configuration.web_url}{PATH}"


def create_webhook(
    configuration: Configuration,
    engine: sa.Engine,
    *,
    who: str,
    url: str | None = None,
    group_id: str | None = None,
) -> Webhook:
    """Makes Fivetran notify the web app of every finished sync (of one group, or of the account). The secret
    is there before, because Fivetran signs the test that it makes first; older webhooks of ours go.

    Raises InvalidInput if the address is not https; FivetranRefused, also if the web app did not take the
    test; FivetranUnavailable.
    """
    address = url or webhook_url(configuration)
    if urlsplit(address).scheme != "https" and not configuration.uses_local_fivetran:
        raise InvalidInput(
            f"Fivetran delivers to https addresses alone, and '{address}' is none.",
            next_step="Set KPI_WEB_URL to the https address of the web app, or give --url.",
        )
    with closing(open_fivetran(configuration)) as api:
        older = [one for one in api.webhooks() if one.url == address]
        try:
            made = api.create_webhook(address, secret=webhook_secret(configuration), group_id=group_id)
        except FivetranRefused as refused:
            refused.next_step = refused.next_step or (
                f"Fivetran must reach {address} and be answered 200: is the web app running there?"
            )
            raise
        for one in older:
            api.delete_webhook(one.id)
    _note(engine, made, "Made.")
    _audit(engine, who, "webhook.create", made.id)
    return made


def list_webhooks(configuration: Configuration) -> list[Webhook]:
    """Returns every webhook of the account, also those of others."""
    with closing(open_fivetran(configuration)) as api:
        return api.webhooks()


def test_webhook(
    configuration: Configuration, engine: sa.Engine, webhook_id: str | None = None
) -> tuple[bool, str]:
    """Has Fivetran post a made-up event, to our webhook if no other is named: whether it was taken, and
    Fivetran's words for it. Raises InvalidInput if there is none of ours."""
    tested = webhook_id or our_webhook(engine)
    with closing(open_fivetran(configuration)) as api:
        return api.test_webhook(tested)


def our_webhook(engine: sa.Engine) -> str:
    """Returns the id of the webhook that we made. Raises InvalidInput if there is none."""
    with engine.connect() as connection:
        known = fivetran_account(connection).webhook.get("id")
    if not known:
        raise InvalidInput(
            "There is no webhook of ours.",
            next_step="Create it on the status page, or with `kpi-platform webhook create`.",
        )
    return str(known)


def remove_webhook(configuration: Configuration, engine: sa.Engine, webhook_id: str, *, who: str) -> None:
    """Removes a webhook from Fivetran; syncs are then found by looking alone."""
    with closing(open_fivetran(configuration)) as api:
        api.delete_webhook(webhook_id)
    with engine.begin() as connection:
        if fivetran_account(connection).webhook.get("id") == webhook_id:
            note_webhook(connection, {})
    _audit(engine, who, "webhook.remove", webhook_id)


def look_after_webhook(
    configuration: Configuration, engine: sa.Engine, fivetran: Callable[[], FivetranApi]
) -> str | None:
    """Checks that Fivetran still delivers to our webhook, and makes it again if Fivetran has switched it off
    or lost it. Returns what was wrong; None if there is no webhook of ours, or all is well."""
    with engine.connect() as connection:
        known = fivetran_account(connection).webhook
    if not known.get("id"):
        return None
    api = fivetran()
    try:
        found: Webhook | None = api.webhook(str(known["id"]))
    except FivetranRefused as refused:
        if refused.details.get("status") != 404:
            raise
        found = None
    if found is not None and found.active:
        _note(engine, found, str(known.get("note") or ""))
        return None
    what = "was switched off by Fivetran" if found else "was removed in Fivetran"
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    try:
        if found is not None:
            again = api.activate_webhook(found.id)
        else:
            secret = webhook_secret(configuration)
            again = api.create_webhook(str(known["url"]), secret=secret, group_id=known.get("group_id"))
        if not again.active:
            raise FivetranRefused("Fivetran leaves it switched off.")
    except KpiPlatformError as error:
        text = f"It {what} (seen {at}), and could not be made again: {error}"
        with engine.begin() as connection:
            note_webhook(connection, {**known, "active": False, "checked_at": _now(), "note": text})
        return text
    text = f"It {what}, and was made again {at}."
    _note(engine, again, text)
    return text


def _note(engine: sa.Engine, webhook: Webhook, note: str) -> None:
    shown = {
        "id": webhook.id, "url": webhook.url, "active": webhook.active, "group_id": webhook.group_id,
        "checked_at": _now(), "note": note,
    }  # fmt: skip
    with engine.begin() as connection:
        note_webhook(connection, shown)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _audit(engine: sa.Engine, who: str, action: str, webhook_id: str) -> None:
    with engine.begin() as connection:
        record_event(connection, who=who, action=action, target=webhook_id)
