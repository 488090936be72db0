"""The section about syncing: how often, in which hours, and who starts it."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model

from kpi_platform.domain.settings.section import (
    PAGE_FREQUENCIES,
    Blank,
    Section,
    SyncFrequency,
    Text,
    TimeZone,
    section,
    setting,
)
from kpi_platform.domain.sources import SOURCE_SYSTEMS

Hour = Annotated[int, Field(ge=0, le=23)]


class SyncWindow(Section, kind="meaning"):
    """Full hours of the day in `fivetran.timezone`, both inclusive; start after end means over midnight."""

    start_hour: Hour = setting(
        0,
        "First hour of the day in which the platform starts syncs. Due syncs wait for it.",
        allowed="0 to 23",
    )
    end_hour: Hour = setting(
        23, "Last hour of the day in which the platform starts syncs, the whole hour included. Before the "
        "start hour it means the next morning.", allowed="0 to 23",
    )  # fmt: skip


class _Schedule(Section):
    enabled: bool = setting(
        True, "Automatic sync. Off: nothing is started by itself, and the connections are manual in "
        "Fivetran; a manual sync still works.",
        kind="meaning",
    )  # fmt: skip
    scheduler: Literal["platform", "fivetran"] = setting(
        "platform", "Who starts the syncs. platform: we do, by frequency, window and time zone, and the "
        "connections are set to manual in Fivetran. fivetran: Fivetran's own schedule does; we watch and "
        "refresh the KPIs after each sync.",
        kind="meaning",
    )  # fmt: skip
    sync_frequency_minutes: SyncFrequency = setting(
        360, "Minutes between two syncs of a source that sets no frequency of its own. Applied to Fivetran.",
        choices=PAGE_FREQUENCIES,
        kind="meaning",
    )  # fmt: skip


def _switch(title: str) -> tuple[type[bool], Any]:
    help = (
        f"{title} is part of the automatic sync. Off: the data that is there is still used, and a manual "
        "sync still works."
    )
    return bool, setting(True, help, kind="meaning")


if TYPE_CHECKING:
    _Switched = _Schedule
else:
    # A switch for each source, after the fields above and before those below: the order on the settings page.
    _Switched = create_model(
        "_Switched",
        __base__=_Schedule,
        **{f"sync_{system.name}": _switch(system.title) for system in SOURCE_SYSTEMS.values()},
    )


class FivetranSettings(_Switched):
    """When this customer's connections are synced, and who starts the syncs."""

    timezone: TimeZone = setting(
        "UTC", "Time zone in which the sync window is meant.", allowed="IANA name", kind="meaning"
    )
    sync_window: SyncWindow = section(SyncWindow, "Hours of the day in which syncs are started.")
    group_id: Annotated[Text | None, Blank] = setting(
        None, "Fivetran group (destination) in which the connections of this customer are created and found.",
        environment="FIVETRAN_GROUP_ID",
        kind="placement",
    )  # fmt: skip
