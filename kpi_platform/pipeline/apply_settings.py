"""What Fivetran is told when settings change: schedule, frequency, pause, tables. All of it, or none."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from kpi_platform.adapters.fivetran import FivetranApi, ScheduleType, open_fivetran
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import FivetranRefused, KpiPlatformError
from kpi_platform.domain.kpis import Source
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """One thing that a connection was told. `setting` is paused, schedule_type, sync_frequency or
    tables.<table>; `value` is what Fivetran answered. `pending`: Fivetran cannot ask the source for its
    tables yet, so that they can only be set after the connection's first sync."""

    source: Source
    connection_id: str
    setting: str
    value: bool | int | str
    pending: bool = False

    @property
    def message(self) -> str:
        if self.setting == "schedule_type" and self.value == "manual":
            return "set to manual in Fivetran: the platform starts the syncs"
        if self.setting == "sync_frequency":
            return f"every {self.value} minutes"
        words = (
            {True: "on", False: "off"} if self.setting.startswith("tables.") else {True: "yes", False: "no"}
        )
        text = words[self.value] if isinstance(self.value, bool) else str(self.value)
        return f"{text}, after the first sync" if self.pending else text


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one connection is to be."""

    connection_id: str
    paused: bool
    schedule_type: ScheduleType
    sync_frequency: int
    tables: Mapping[str, bool]


def apply_settings(
    configuration: Configuration, old: CustomerSettings | None, new: CustomerSettings
) -> list[AppliedChange]:
    """As `settings_applied`, for good."""
    with settings_applied(configuration, old, new) as applied:
        return applied


@contextmanager
def settings_applied(
    configuration: Configuration, old: CustomerSettings | None, new: CustomerSettings
) -> Iterator[list[AppliedChange]]:
    """Tells Fivetran what differs between `old` and `new` (everything, where `old` is None or has another
    connection), and takes it back where the block fails. Calls nothing where nothing differs.

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
                applied += _apply(api, source, before, after, undo)
            yield applied
        except Exception as error:
            _take_back(undo, error)
            raise


def apply_tables(api: FivetranApi, settings: CustomerSettings, source: Source) -> list[AppliedChange]:
    """Switches the tables of a source as the settings say; for the time after a connection's first sync."""
    wanted = _of(settings, source)
    return _apply_tables(api, source, wanted, wanted.tables, []) if wanted else []


def _differing(
    old: CustomerSettings | None, new: CustomerSettings
) -> Iterator[tuple[Source, _Wanted | None, _Wanted]]:
    for source in SOURCES:
        after, before = _of(new, source), _of(old, source) if old else None
        if before and after and before.connection_id != after.connection_id:
            before = None
        if after and after != before:
            yield source, before, after


def _of(settings: CustomerSettings, source: Source) -> _Wanted | None:
    section = settings.source(source)
    if section.connection_id is None:
        return None
    by_fivetran = settings.syncs_automatically(source) and settings.fivetran.scheduler == "fivetran"
    switches = section.switches
    return _Wanted(
        connection_id=section.connection_id,
        # A manual schedule stops the automatic syncs and lets manual ones work; only a source that the
        # customer does not have is paused.
        paused=not section.enabled,
        schedule_type="auto" if by_fivetran else "manual",
        sync_frequency=settings.frequency(source),
        tables={table.name: switches[table.switch] for table in SOURCE_TABLES[source] if table.switch},
    )


def _apply(
    api: FivetranApi, source: Source, before: _Wanted | None, after: _Wanted, undo: list[Callable[[], Any]]
) -> list[AppliedChange]:
    applied: list[AppliedChange] = []
    modified = {
        name: getattr(after, name)
        for name in ("paused", "schedule_type", "sync_frequency")
        if before is None or getattr(before, name) != getattr(after, name)
    }
    if modified:
        found = api.connection(after.connection_id)
        undo.append(lambda: api.modify_connection(found.id, **_as_it_was(found, modified)))
        answer = api.modify_connection(after.connection_id, **modified)
        applied += [
            _confirmed(source, answer.id, name, getattr(answer, name), value)
            for name, value in modified.items()
        ]
    tables = {name: on for name, on in after.tables.items() if before is None or before.tables[name] != on}
    return applied + (_apply_tables(api, source, after, tables, undo) if tables else [])


def _apply_tables(
    api: FivetranApi,
    source: Source,
    wanted: _Wanted,
    tables: Mapping[str, bool],
    undo: list[Callable[[], Any]],
) -> list[AppliedChange]:
    configured = _schemas(api, wanted.connection_id)
    if not configured:
        return [
            AppliedChange(source, wanted.connection_id, f"tables.{name}", on, pending=True)
            for name, on in tables.items()
            if not on
        ]
    asked: dict[str, dict[str, bool]] = {}
    known: dict[str, dict[str, bool]] = {}
    places: dict[str, tuple[str, str]] = {}
    for schema, details in configured.items():
        for key, table in (details.get("tables") or {}).items():
            name = str(table.get("name_in_destination") or key).lower()
            if name in tables:
                places[name] = (schema, key)
                asked.setdefault(schema, {})[key] = tables[name]
                known.setdefault(schema, {})[key] = bool(table.get("enabled", True))
    if not asked:
        return []
    undo.append(lambda: api.update_schemas(wanted.connection_id, known))
    answer = api.update_schemas(wanted.connection_id, asked)
    return [
        _confirmed(
            source,
            wanted.connection_id,
            f"tables.{name}",
            answer[schema]["tables"][key]["enabled"],
            tables[name],
        )
        for name, (schema, key) in places.items()
    ]


def _schemas(api: FivetranApi, connection_id: str) -> Mapping[str, Any]:
    """The schema configuration; empty where Fivetran cannot ask the source yet."""
    if configured := api.schemas(connection_id):
        return configured
    try:
        return api.reload_schemas(connection_id)
    except FivetranRefused:
        return {}


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
