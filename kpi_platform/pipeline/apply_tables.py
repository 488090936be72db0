"""Switches the tables of a connection as the settings say: only differences are sent, and the result is read
back."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_connection import Connection, as_mapping
from kpi_platform.domain.errors import FivetranRefused, FivetranUnavailable
from kpi_platform.domain.sources import Source
from kpi_platform.pipeline.applied_change import AppliedChange

Schemas = Mapping[str, Mapping[str, Any]]
"""A schema configuration by schema, as Fivetran answers it."""


@dataclass(frozen=True, slots=True)
class TableSwitch:
    """One table in a schema configuration. `name` is the one that it lands with. It is synced if it and its
    schema are `enabled`; `locked` says why Fivetran lets nobody switch it, or is empty."""

    schema: str
    key: str
    name: str
    enabled: bool
    schema_enabled: bool
    locked: str

    @property
    def is_synced(self) -> bool:
        return self.enabled and self.schema_enabled


def table_switches(schemas: Schemas) -> Iterator[TableSwitch]:
    """Yields every table of a schema configuration."""
    for schema, details in schemas.items():
        for key, table in as_mapping(as_mapping(details).get("tables")).items():
            settings = as_mapping(as_mapping(table).get("enabled_patch_settings"))
            locked = "locked in Fivetran" if settings.get("allowed") is False else ""
            reason = settings.get("reason") or settings.get("reason_code")
            yield TableSwitch(
                schema, key, str(as_mapping(table).get("name_in_destination") or key).lower(),
                _is_on(table), _is_on(details),
                f"{locked} ({reason})" if locked and reason else locked,
            )  # fmt: skip


@contextmanager
def nothing_undone_if_refused(undo: list[Callable[[], Any]]) -> Iterator[None]:
    """Drops the newest step of `undo` if Fivetran refuses the call that the step would take back."""
    try:
        yield
    except FivetranRefused:
        undo.pop()
        raise


def apply_tables(
    api: FivetranApi,
    source: Source,
    connection: Connection,
    tables: Mapping[str, bool],
    undo: list[Callable[[], Any]],
) -> list[AppliedChange]:
    """Switches `tables` (by the names that they land with) on or off. Tables that Fivetran has locked stay as
    they are, and the result says so; switches that a connection does not take before its set-up is complete
    are pending.

    Raises FivetranRefused if something else stays otherwise, naming it, and FivetranUnavailable.
    """
    schemas = api.schemas(connection.id)
    off = [name for name, on in tables.items() if not on]
    if not schemas and off:
        schemas = _reloaded(api, connection)
    if not schemas:
        # A new connection syncs all of its tables unless they are switched off.
        return [AppliedChange(source, connection.id, f"tables.{name}", False, pending=True) for name in off]
    ours = [switch for switch in table_switches(schemas) if switch.name in tables]
    differing = [switch for switch in ours if switch.is_synced != tables[switch.name]]
    changing = [switch for switch in differing if not switch.locked]
    if changing:
        undo.append(lambda: api.update_schemas(connection.id, _as_they_were(schemas, changing)))
        ours = _told(api, connection.id, schemas, changing, tables, undo)
    return [
        AppliedChange(
            source, connection.id, f"tables.{switch.name}", switch.is_synced,
            kept=switch.locked if switch.is_synced != tables[switch.name] else "",
        )
        for switch in ours
    ]  # fmt: skip


def _is_on(described: Any) -> bool:
    """A table or schema of which Fivetran says nothing is synced."""
    return as_mapping(described).get("enabled") is not False


def _reloaded(api: FivetranApi, connection: Connection) -> Schemas:
    """Makes Fivetran read the source's tables now. Returns none while it cannot ask the source."""
    if connection.setup_state == "incomplete":
        return {}
    try:
        return api.reload_schemas(connection.id)
    except FivetranRefused:
        return {}


def _told(
    api: FivetranApi,
    connection_id: str,
    schemas: Schemas,
    changing: list[TableSwitch],
    tables: Mapping[str, bool],
    undo: list[Callable[[], Any]],
) -> list[TableSwitch]:
    """Returns our tables as Fivetran has them after the change."""
    try:
        with nothing_undone_if_refused(undo):
            answer = api.update_schemas(connection_id, _wanted(schemas, changing, tables))
    except FivetranUnavailable as lost:
        if not lost.details.get("unknown_outcome"):
            raise
        answer = {}
    if _otherwise(answer, changing, tables):
        # The answer may hold less than was asked for; what the configuration says counts.
        answer = api.schemas(connection_id)
    if otherwise := _otherwise(answer, changing, tables):
        raise FivetranRefused(
            f"Fivetran keeps of connection '{connection_id}': {', '.join(otherwise)}.",
            next_step="Switch these tables in Fivetran, or choose in the settings what Fivetran keeps.",
        )
    return [switch for switch in table_switches(answer) if switch.name in tables]


def _otherwise(answer: Schemas, changing: list[TableSwitch], tables: Mapping[str, bool]) -> list[str]:
    """Returns the differences from what was asked, in words."""
    now = {(switch.schema, switch.key): switch for switch in table_switches(answer)}
    words = {True: "on", False: "off", None: "unknown"}
    states = {
        switch.name: (found.is_synced if (found := now.get((switch.schema, switch.key))) else None)
        for switch in changing
    }
    return [f"{name} {words[state]}" for name, state in states.items() if state != tables[name]]


def _wanted(
    schemas: Schemas, changing: list[TableSwitch], tables: Mapping[str, bool]
) -> dict[str, tuple[bool, dict[str, bool]]]:
    """Schema → its own switch, and the tables to switch. A schema that has to be switched on for a table of
    ours brings none of its others along."""
    wanted: dict[str, tuple[bool, dict[str, bool]]] = {}
    for schema in {switch.schema for switch in changing}:
        switches = {switch.key: tables[switch.name] for switch in changing if switch.schema == schema}
        was_on = _is_on(schemas[schema])
        on = was_on or any(switches.values())
        if on and not was_on:
            others = (one for one in table_switches({schema: schemas[schema]}) if one.key not in switches)
            switches |= {one.key: False for one in others if one.enabled and not one.locked}
        wanted[schema] = on, switches
    return wanted


def _as_they_were(schemas: Schemas, changing: list[TableSwitch]) -> dict[str, tuple[bool, dict[str, bool]]]:
    before: dict[str, tuple[bool, dict[str, bool]]] = {}
    for schema in {switch.schema for switch in changing}:
        switches = [one for one in table_switches({schema: schemas[schema]}) if not one.locked]
        before[schema] = (
            _is_on(schemas[schema]),
            {one.key: one.enabled for one in switches},
        )
    return before
