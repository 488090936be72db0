"""Faults of Fivetran that meet more than a run: a change of settings, and the webhook."""

import random
from collections.abc import Callable

from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.change_settings import change_settings
from kpi_platform.pipeline.fivetran_webhook import remove_webhook
from kpi_platform_tests.defs.installation import Installation, eventually, tick
from kpi_platform_tests.defs.wired import wired_to_web
from kpi_platform_tests.editors import OPERATOR

_FREQUENCIES = (60, 120, 180, 360, 480)


def change_slowly(installation: Installation, customer: str, dice: random.Random) -> None:
    """Changes how often a customer is synced, while Fivetran takes its time to answer."""
    installation.control("POST", "faults", {"match": "^PATCH /v1/connect", "delay_seconds": 2.0, "times": 0})
    with installation.engine.connect() as connection:
        stored = current_settings(connection, customer)
    assert stored is not None
    before = stored.document["salesforce"].get("sync_frequency_minutes")
    minutes = dice.choice([one for one in _FREQUENCIES if one != before])
    often = {source: {**stored.document[source], "sync_frequency_minutes": minutes} for source in SOURCES}
    document = {**stored.document, **often}
    change_settings(installation.configuration, installation.engine, customer, document, by=OPERATOR)
    with open_fivetran(installation.configuration) as api:
        found = {api.connection(f"{customer}_{source}").details["sync_frequency"] for source in SOURCES}
    assert found == {minutes}, f"Fivetran has {found}, the settings {minutes}"


def switch_webhook_off(installation: Installation, run: Callable[[], None]) -> None:
    """Refuses the messages of a run until Fivetran switches the webhook off; the platform makes it again."""
    with wired_to_web(installation) as wired:
        wired.refuse_messages()
        run()
        eventually(lambda: not wired.is_active(), 60, "Fivetran gives up")
        wired.take_messages()
        installation.control("PATCH", "behaviour", {"time_lapse": 1.0})
        tick(wired.installation, "fivetran_webhook")
        assert wired.is_active(), "the webhook stays off"
        remove_webhook(wired.installation.configuration, installation.engine, wired.webhook_id, who="chaos")
