"""The changes in Fivetran when a connection is adopted, shown before they are made."""

from collections.abc import Iterator
from dataclasses import dataclass

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import Source
from kpi_platform.pipeline.apply_settings import wanted_of
from kpi_platform.pipeline.apply_tables import table_switches

_WORDS = {True: "yes", False: "no", None: "not set"}


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One setting of a connection: what it is in Fivetran `now`, and what it becomes."""

    source: Source
    connection_id: str
    setting: str
    now: str
    then: str

    @property
    def words(self) -> str:
        return f"{self.source} '{self.connection_id}': {self.setting} from {self.now} to {self.then}"


def adoption_changes(
    api: FivetranApi, settings: CustomerSettings, source: Source, connection: Connection, *, resume: bool
) -> list[PlannedChange]:
    """Returns everything that `settings` change of an existing connection: pause (only with `resume`),
    schedule, frequency, and tables. Reads, and changes nothing."""
    return list(_changes(api, settings, source, connection, resume))


def _changes(
    api: FivetranApi, settings: CustomerSettings, source: Source, connection: Connection, resume: bool
) -> Iterator[PlannedChange]:
    wanted = wanted_of(settings, source)
    if wanted is None:
        return

    def change(setting: str, now: object, then: object) -> PlannedChange:
        words = [_WORDS[one] if one is None or isinstance(one, bool) else str(one) for one in (now, then)]
        return PlannedChange(source, connection.id, setting, *words)

    if connection.paused and resume:
        yield change("paused", True, False)
    if connection.schedule_type != wanted.schedule_type:
        yield change("schedule", connection.schedule_type, wanted.schedule_type)
    if connection.sync_frequency != wanted.sync_frequency:
        yield change("minutes between syncs", connection.sync_frequency, wanted.sync_frequency)
    for switch in table_switches(api.schemas(connection.id)):
        on = wanted.tables.get(switch.name)
        if on is not None and on != switch.is_synced and not switch.locked:
            yield change(f"table {switch.name} synced", switch.is_synced, on)
