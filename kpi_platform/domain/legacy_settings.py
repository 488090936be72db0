"""Settings files of older set-ups, brought to the names of today."""

import copy
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.legacy_calculations import calculation_as_field, filters_as_window
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.domain.settings.parsing import invalid_settings
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES, Source

Document = dict[str, Any]

_SECTIONS = {"sync_schedule": "fivetran", "kpi_update_mode": "update.mode"}
_KEYS = {
    "fivetran.frequency_minutes": "fivetran.sync_frequency_minutes",
    "fivetran.sync_frequency": "fivetran.sync_frequency_minutes",
    "salesforce.connector_id": "salesforce.connection_id",
    "salesforce.frequency_minutes": "salesforce.sync_frequency_minutes",
    "salesforce.sync_frequency": "salesforce.sync_frequency_minutes",
    "servicenow.connector_id": "servicenow.connection_id",
    "servicenow.frequency_minutes": "servicenow.sync_frequency_minutes",
    "servicenow.sync_frequency": "servicenow.sync_frequency_minutes",
    "account_matching.update_existing": "account_matching.update_existing_accounts",
    "error_handling.retry_delay": "error_handling.retry_delay_seconds",
}
_SWITCH_SECTIONS: Mapping[Source, str] = {"salesforce": "sync_objects", "servicenow": "sync_tables"}
"""Of the sources that there were: former files know no other."""
_SWITCH_NAMES = {"changes": "change_requests"}
_SLUGS = {
    "support_tickets": "support_ticket_volume",
    "churn_risk_score": "churn_risk",
    **{kpi.display_name.casefold(): kpi.slug for kpi in KPIS.values()},
}
_EXPRESSIONS = ("calculation", "source_query", "source_calculation")


@dataclass(frozen=True, slots=True)
class Rename:
    """A setting of the file and its new path; `new` is empty for one that says what holds anyway."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ImportedSettings:
    """A file in the names of today. `refused`: what could not be taken over, as `{"field", "message"}`."""

    document: Document
    renamed: tuple[Rename, ...]
    refused: tuple[dict[str, str], ...]

    def parse(self, environment: Mapping[str, str], *, single_customer: bool) -> CustomerSettings:
        """Returns the settings of the file, or InvalidSettings with all that is wrong with it."""
        errors = list(self.refused)
        try:
            settings = parse_settings(self.document, environment=environment, single_customer=single_customer)
        except InvalidSettings as invalid:
            errors += invalid.details["errors"]
        if errors:
            raise invalid_settings(errors)
        return settings


def import_settings(document: Mapping[str, Any]) -> ImportedSettings:
    """Returns `document` in the names of today. One that uses them already stays as it is."""
    work = _Work(copy.deepcopy(dict(document)))
    for old, new in _SECTIONS.items():
        work.move(old, new)
    for old, new in _KEYS.items():
        work.move(old, new)
    for source, section in _SWITCH_SECTIONS.items():
        _tables(work, source, section)
    for prefix in ("", *(f"{source}." for source in SOURCES)):
        _kpi_mappings(work, f"{prefix}kpi_mappings")
    if work.get("account_matching.strategy") == "name_fuzzy_match":
        work.document["account_matching"]["strategy"] = "fuzzy"
        work.renamed.append(Rename("account_matching.strategy name_fuzzy_match", "fuzzy"))
    return ImportedSettings(work.document, tuple(work.renamed), tuple(work.refused))


@dataclass(slots=True)
class _Work:
    """The document under way, addressed by dotted paths, with the notes on what happened to it."""

    document: Document
    renamed: list[Rename] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)

    def get(self, path: str) -> Any:
        part: Any = self.document
        for key in path.split("."):
            part = part.get(key) if isinstance(part, Mapping) else None
        return part

    def take(self, path: str) -> Any:
        """Removes a setting, and its section if nothing else is left in it."""
        parent, _, key = path.rpartition(".")
        section = self.get(parent) if parent else self.document
        value = section.pop(key)
        if parent and not section:
            self.take(parent)
        return value

    def has(self, path: str) -> bool:
        parent, _, key = path.rpartition(".")
        section = self.get(parent) if parent else self.document
        return isinstance(section, Mapping) and key in section

    def move(self, old: str, new: str) -> None:
        if self.has(old):
            self.put(new, self.take(old), was=old)

    def put(self, path: str, value: Any, *, was: str) -> None:
        """Sets `path`, which was `was`. Refused if both are there and disagree. Sections are merged."""
        if isinstance(value, Mapping) and isinstance(self.get(path), Mapping):
            for key, part in value.items():
                self.put(f"{path}.{key}", part, was=f"{was}.{key}")
            return
        if self.has(path) and self.get(path) != value:
            self.refuse(was, f"says something else than {path}, which is the name of today for it")
            return
        section: MutableMapping[str, Any] = self.document
        *parents, key = path.split(".")
        for parent in parents:
            if not isinstance(section.get(parent), MutableMapping):
                section[parent] = {}
            section = section[parent]
        section[key] = value
        if was != path:
            self.renamed.append(Rename(was, path))

    def refuse(self, path: str, message: str) -> None:
        self.refused.append({"field": path, "message": message})


def _tables(work: _Work, source: Source, switches: str) -> None:
    """`tables` named the landed table of each switch; those names are Fivetran's and fixed."""
    section = f"{source}.{switches}"
    for old, new in _SWITCH_NAMES.items():
        work.move(f"{section}.{old}", f"{section}.{new}")
    tables = work.get(f"{source}.tables")
    if not isinstance(tables, Mapping):
        return
    landed = {table.switch: table.name for table in SOURCE_TABLES[source] if table.switch}
    for name in list(tables):
        old, switch = f"{source}.tables.{name}", _SWITCH_NAMES.get(name, name)
        value = work.take(old)
        if switch in landed and value not in (True, False, landed[switch]):
            work.refuse(old, f"must be '{landed[switch]}', the name under which Fivetran lands this table")
        else:
            work.put(f"{section}.{switch}", value is not False, was=old)


def _kpi_mappings(work: _Work, path: str) -> None:
    mappings = work.get(path)
    if not isinstance(mappings, Mapping):
        return
    nested = path.partition(".")[0] if "." in path else ""
    for name in list(mappings):
        slug = _SLUGS.get(str(name).casefold(), str(name))
        if slug not in KPIS:
            if nested:
                work.refuse(f"{path}.{name}", "is no standard KPI; define a custom KPI for it")
            continue
        mapping = mappings[name]
        if not isinstance(mapping, Mapping):
            continue
        if nested and nested != KPIS[slug].source:
            work.refuse(f"{path}.{name}", f"{KPIS[slug].display_name} is measured from {KPIS[slug].source}")
            continue
        del work.get(path)[name]
        _kpi_mapping(work, f"{path}.{name}", slug, mapping)
    if nested and not work.get(path) and work.has(path):
        work.take(path)


def _kpi_mapping(work: _Work, path: str, slug: str, mapping: Mapping[str, Any]) -> None:
    target = f"kpi_mappings.{slug}"
    if path != target:
        work.renamed.append(Rename(path, target))
    work.document.setdefault("kpi_mappings", {}).setdefault(slug, {})
    for key, value in mapping.items():
        old = f"{path}.{key}"
        if key == "frequency":
            work.put(f"{target}.measurement_frequency", value, was=old)
        elif key == "source_field":
            work.put(f"{target}.field", value, was=old)
        elif key in _EXPRESSIONS and value != KPIS[slug].formula:
            _translate(work, old, partial(calculation_as_field, slug), value, f"{target}.field")
        elif key == "filters":
            _translate(work, old, partial(filters_as_window, slug), value, f"{target}.window_days")
        else:
            work.put(f"{target}.{key}", value, was=f"{target}.{key}")


def _translate(work: _Work, old: str, translate: Callable[[str], Any], value: Any, new: str) -> None:
    if not isinstance(value, str):
        work.refuse(old, "must be text")
        return
    try:
        translated = translate(value)
    except ValueError as reason:
        work.refuse(old, str(reason))
        return
    if translated is None:
        work.renamed.append(Rename(old, ""))
    else:
        work.put(new, translated, was=old)
