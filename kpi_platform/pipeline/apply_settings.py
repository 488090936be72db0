"""Applies changed settings to Fivetran: schedule, frequency, pause, tables. All of them, or none."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from kpi_platform.adapters.fivetran import FivetranApi, ScheduleType, open_fivetran
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import FivetranRefused, KpiPlatformError
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES, Source
from kpi_platform.pipeline.applied_change import AppliedChange
from kpi_platform.pipeline.apply_tables import apply_tables, nothing_undone_if_refused

_OF_CONNECTION = ("paused", "schedule_type", "sync_frequency")
_AS_FOUND = "as it was found in Fivetran; resume it there"


@dataclass(frozen=True, slots=True)
class ConnectionTarget:
    """The state that one connection should have."""

    connection_id: str
    paused: bool
    schedule_type: ScheduleType
    sync_frequency: int
    tables: Mapping[str, bool]


def apply_settings(
    configuration: Configuration, old: CustomerSettings | None, new: CustomerSettings
) -> list[AppliedChange]:
    """Does what `settings_applied` does, for good."""
    with settings_applied(configuration, old, new) as applied:
        return applied


@contextmanager
def settings_applied(
    configuration: Configuration,
    old: CustomerSettings | None,
    new: CustomerSettings,
    *,
    resume: Collection[str] = (),
) -> Iterator[list[AppliedChange]]:
    """Applies the differences between `old` and `new` to Fivetran (everything, if `old` is None or has
    another connection), and takes them back if the block fails. Calls nothing if nothing differs. A
    connection that is found paused stays so, unless `resume` names it or its source is switched on again.

    Raises FivetranRefused or FivetranUnavailable, also after taking back what was applied before.
    """
    changes = list(_differing(old, new))
    if not changes:
        yield []
        return
    applied: list[AppliedChange] = []
    undo: list[Callable[[], Any]] = []
    with closing(open_fivetran(configuration)) as api:
        try:
            for source, before, after in changes:
                applied += _apply(api, source, before, after, undo, after.connection_id in resume)
            yield applied
        except Exception as error:
            _take_back(undo, error)
            raise


def wanted_of(settings: CustomerSettings, source: Source) -> ConnectionTarget | None:
    """Returns what the settings want of the source's connection; None if they name none."""
    section = settings.source(source)
    if section.connection_id is None:
        return None
    by_fivetran = settings.syncs_automatically(source) and settings.fivetran.scheduler == "fivetran"
    switches = section.switches
    return ConnectionTarget(
        connection_id=section.connection_id,
        # A manual schedule stops the automatic syncs and lets manual ones work; only a source that the
        # customer does not have is paused.
        paused=not section.enabled,
        schedule_type="auto" if by_fivetran else "manual",
        sync_frequency=settings.frequency(source),
        tables={table.name: switches[table.switch] for table in SOURCE_TABLES[source] if table.switch},
    )


def needs_tables_off(settings: CustomerSettings, source: Source) -> bool:
    """Whether some table has to be switched off before the source's first sync."""
    wanted = wanted_of(settings, source)
    return wanted is not None and not all(wanted.tables.values())


def prepare_first_sync(
    api: FivetranApi, settings: CustomerSettings, source: Source, connection: Connection
) -> list[AppliedChange]:
    """Switches off what the settings want off, before a connection's first sync. Raises FivetranRefused
    if that cannot be done: a table that is off must not be synced once."""
    wanted = wanted_of(settings, source)
    if wanted is None or all(wanted.tables.values()):
        return []
    applied = apply_tables(api, source, connection, wanted.tables, [])
    if pending := [change.setting.removeprefix("tables.") for change in applied if change.pending]:
        raise FivetranRefused(
            f"Fivetran cannot switch off {', '.join(pending)} of connection '{connection.id}' before its "
            "first sync.",
            next_step=f"See {connection.url}: Fivetran must reach the source to learn its tables.",
            details={"retry": True},
        )
    return applied


def hand_schedule_over(
    api: FivetranApi, settings: CustomerSettings, source: Source, connection: Connection
) -> None:
    """Gives Fivetran the schedule that the settings leave to it, after a first sync that was held for the
    tables' sake."""
    wanted = wanted_of(settings, source)
    if wanted is not None and wanted.schedule_type == "auto" and connection.schedule_type == "manual":
        api.modify_connection(connection.id, schedule_type="auto")


def _differing(
    old: CustomerSettings | None, new: CustomerSettings
) -> Iterator[tuple[Source, ConnectionTarget | None, ConnectionTarget]]:
    for source in SOURCES:
        after, before = wanted_of(new, source), wanted_of(old, source) if old else None
        if before and after and before.connection_id != after.connection_id:
            before = None
        if after and after != before:
            yield source, before, after


def _apply(
    api: FivetranApi,
    source: Source,
    before: ConnectionTarget | None,
    after: ConnectionTarget,
    undo: list[Callable[[], Any]],
    resume: bool,
) -> list[AppliedChange]:
    found = api.connection(after.connection_id)
    tables = {name: on for name, on in after.tables.items() if before is None or before.tables[name] != on}
    of_tables = apply_tables(api, source, found, tables, undo) if tables else []
    wanted: dict[str, Any] = {
        name: getattr(after, name)
        for name in _OF_CONNECTION
        if before is None or getattr(before, name) != getattr(after, name)
    }
    applied: list[AppliedChange] = []
    if before is None and found.paused and not after.paused and not resume:
        del wanted["paused"]
        applied.append(AppliedChange(source, found.id, "paused", True, kept=_AS_FOUND))
    if wanted.get("schedule_type") == "auto" and any(change.pending for change in of_tables):
        # Fivetran would begin with all tables as soon as the set-up is complete.
        wanted["schedule_type"] = "manual"
        applied.append(AppliedChange(source, found.id, "schedule_type", "auto", pending=True))
    modified = {name: value for name, value in wanted.items() if getattr(found, name) != value}
    answer = found
    if modified:
        undo.append(lambda: api.modify_connection(found.id, **_as_it_was(found, modified)))
        with nothing_undone_if_refused(undo):
            answer = api.modify_connection(found.id, **modified)
    held = {change.setting for change in applied}
    applied += [
        _confirmed(source, found.id, name, getattr(answer, name), value)
        for name, value in wanted.items()
        if name not in held
    ]
    return applied + of_tables


def _as_it_was(found: Connection, modified: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(found, name) for name in modified}


def _confirmed(source: Source, connection_id: str, setting: str, answer: Any, asked: Any) -> AppliedChange:
    if answer != asked:
        raise FivetranRefused(
            f"Fivetran keeps {setting} of connection '{connection_id}' at {answer} instead of {asked}.",
            next_step=f"Set {setting} in Fivetran, or choose the value that Fivetran keeps.",
        )
    return AppliedChange(source, connection_id, setting, answer)


def _take_back(undo: list[Callable[[], Any]], error: Exception) -> None:
    for step in reversed(undo):
        try:
            step()
        except KpiPlatformError as second:
            error.add_note(f"What Fivetran was told before could not be taken back: {second}")
