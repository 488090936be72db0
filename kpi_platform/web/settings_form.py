"""The settings as a form: every setting of a section as a field, and what a browser sends as a document."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.settings import WHO_MAY, Editor, Leaf, settings_leaves, value_at
from kpi_platform.web.formats import words

SECTIONS = {
    "fivetran": ("Fivetran sync", "When and by whom the connections are synced."),
    "salesforce": ("Salesforce", "The CRM: accounts, opportunities, contacts, cases, tasks."),
    "servicenow": ("ServiceNow", "The service desk: incidents and their service levels."),
    "warehouse": ("Warehouse", "The destination that Fivetran writes to, and where the KPIs are computed."),
    "account_matching": (
        "Account matching",
        "How accounts of the sources and of the dashboard find each other.",
    ),
    "kpi_mappings": ("KPI mappings", "Where each KPI comes from, how it is shown, and when it is healthy."),
    "revenue": ("Revenue", "In which currency amounts are compared, and at which rate."),
    "health_score": ("Health score", "How much each group of KPIs weighs. The weights sum to 1."),
    "update": ("Loading", "How a load treats what the dashboard holds."),
    "error_handling": ("Error handling", "What happens when something fails."),
    "alerts": ("Alerts", "Who is told of what."),
}
"""Title and purpose of each section, in the order of the page."""

_GROUPS = {
    "": "General",
    "sync_window": "Sync window",
    "custom_fields": "Custom fields",
    "sync_objects": "Objects to sync",
    "account_types": "Account types",
    "sync_tables": "Tables to sync",
    "weights": "Weights",
}
_UNITS = {
    "_minutes": "minutes",
    "_seconds": "seconds",
    "_hours": "hours",
    "_days": "days",
    "_hour": "o'clock",
}
_SPELLED = {
    "id": "ID", "url": "URL", "api": "API", "sla": "SLA", "kpi": "KPI", "nps": "NPS", "timezone": "time zone",
    "salesforce": "Salesforce", "servicenow": "ServiceNow",
}  # fmt: skip
_SAYS_NOTHING = ("text", "integer", "number", "identifier", "computed")


@dataclass(frozen=True, slots=True)
class SettingField:
    """One field. `text` is its content, `default` the value if nothing is stated; `message` says what is
    wrong with it. `options` are value and label; a checkbox has none. `offered` are likewise lines that a
    list may want. `only` says who may change it, if the viewer may not; it is empty otherwise."""

    path: str
    label: str
    kind: str
    text: str
    default: str
    help: str
    allowed: str
    unit: str
    options: Sequence[tuple[str, str]] = ()
    message: str | None = None
    only: str = ""
    offered: Sequence[tuple[str, str]] = ()

    @property
    def id(self) -> str:
        return self.path.replace(".", "-")

    @property
    def is_default(self) -> bool:
        return self.text == self.default


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that stand together. `folds` are shown folded, as long as nothing in them is wrong."""

    title: str
    fields: Sequence[SettingField]
    folds: bool = False

    @property
    def only(self) -> str:
        """The role that may change these fields, if it is the same for all of them and the viewer does not
        have it."""
        first, *others = {field.only for field in self.fields} or {""}
        return "" if others else first

    @property
    def is_wrong(self) -> bool:
        return any(field.message for field in self.fields)


def field_groups(
    section: str,
    document: Mapping[str, Any],
    typed: Mapping[str, str],
    wrong: Mapping[str, str],
    editor: Editor,
    offered: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType({}),
) -> list[FieldGroup]:
    """Returns the section's fields, and which of them are not the editor's to change. `typed` wins over the
    document: what was typed stays until it is right. `wrong` is the message of each path; one about a group
    as a whole is at its first field. `offered` are value and label of lines that a list may want, by path."""
    groups: dict[str, list[SettingField]] = {}
    left = dict(wrong)
    for leaf in _leaves(section):
        message = left.pop(leaf.path, None)
        if message is None:
            above = next((path for path in left if leaf.path.startswith(f"{path}.")), None)
            message = left.pop(above) if above else None
        field = _field(leaf, document, typed, message, editor)
        groups.setdefault(_group(leaf), []).append(replace(field, offered=offered.get(leaf.path, ())))
    folds = section == "kpi_mappings"
    return [FieldGroup(_group_title(name), fields, folds) for name, fields in groups.items()]


def other_messages(section: str, errors: Sequence[Mapping[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Returns the messages at fields of this section, and those about other places."""
    paths = [leaf.path for leaf in _leaves(section)]
    here: dict[str, str] = {}
    elsewhere: list[str] = []
    for error in errors:
        field, message = error["field"], error["message"]
        known = next(
            (p for p in paths if p == field or field.startswith(f"{p}.") or p.startswith(f"{field}.")), None
        )
        if known is None or not field:
            elsewhere.append(f"{field}: {message}" if field else message)
        else:
            here.setdefault(known if field.startswith(f"{known}.") else field, message)
    return here, elsewhere


def document_of(document: Mapping[str, Any], section: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """Returns `document` with the values in the form of `section`; a field that it does not have stays as it
    is. Text that is no number stays text, so that the settings' own check names it."""
    result = copy.deepcopy(dict(document))
    for leaf in _leaves(section):
        if leaf.read_only or leaf.path not in typed:
            continue
        *parents, name = leaf.path.split(".")
        part = result
        for parent in parents:
            part = part.setdefault(parent, {})
        part[name] = _parsed(leaf, typed[leaf.path])
    return result


def _leaves(section: str) -> list[Leaf]:
    return [leaf for leaf in settings_leaves() if leaf.section == section]


def _field(
    leaf: Leaf, document: Mapping[str, Any], typed: Mapping[str, str], message: str | None, editor: Editor
) -> SettingField:
    text = typed.get(leaf.path, _text(leaf, value_at(document, leaf.path)))
    return SettingField(
        path=leaf.path,
        label=_label(leaf),
        kind="read_only" if leaf.read_only else "choice" if leaf.choices else leaf.type,
        text=text,
        default=_text(leaf, leaf.default),
        help=leaf.help,
        allowed=""
        if leaf.choices or leaf.type == "boolean" or leaf.allowed in _SAYS_NOTHING
        else leaf.allowed,
        unit=_unit(leaf),
        options=_options(leaf, text),
        message=message,
        only="" if leaf.kind == "meaning" or editor.may_change(leaf.kind) else WHO_MAY[leaf.kind],
    )


def _options(leaf: Leaf, text: str) -> list[tuple[str, str]]:
    if not leaf.choices or leaf.read_only:
        return []
    values = [_text(leaf, value) for value in leaf.choices]
    if text not in values and text:
        values.append(text)
    empty = [("", "not set")] if leaf.optional else []
    return empty + [(value, _choice_label(leaf, value)) for value in values]


def _choice_label(leaf: Leaf, value: str) -> str:
    if leaf.path.endswith("_minutes") and value.isdecimal() and len(value) < 10:
        minutes = int(value)
        if minutes % 60:
            return f"every {minutes} minutes"
        return "every hour" if minutes == 60 else f"every {minutes // 60} hours"
    return value


def _text(leaf: Leaf, value: Any) -> str:
    if value is None:
        return ""
    if leaf.type == "boolean":
        return "true" if value else "false"
    if leaf.type == "list":
        return "\n".join(map(str, value))
    if isinstance(value, float):
        short = f"{value:.10g}"
        # What a form sends back unchanged is the same number.
        return short if float(short) == value else repr(value)
    return str(value)


def _parsed(leaf: Leaf, text: str) -> Any:
    text = text.strip()
    if leaf.type == "boolean":
        return text == "true"
    if leaf.type == "list":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if leaf.optional and not text:
        return None
    kinds: dict[str, type[int] | type[float]] = {"integer": int, "number": float}
    if leaf.type in kinds:
        try:
            return kinds[leaf.type](text)
        except ValueError:
            return text
    return text


def _group(leaf: Leaf) -> str:
    inner = leaf.path.split(".")[1:-1]
    return inner[0] if inner else ""


def _group_title(name: str) -> str:
    return KPIS[name].display_name if name in KPIS else _GROUPS.get(name, words(name))


def _label(leaf: Leaf) -> str:
    names = leaf.path.split(".")[1:]
    names = names[1:] if len(names) > 1 else names
    text = " ".join(_SPELLED.get(word, word) for word in " ".join(names).replace("_", " ").split())
    for ending in (" minutes", " seconds", " hours", " days"):
        text = text.removesuffix(ending)
    return text[:1].upper() + text[1:]


def _unit(leaf: Leaf) -> str:
    if leaf.choices:
        return ""
    if ".thresholds." in leaf.path:
        return KPIS[leaf.path.split(".")[1]].unit
    return next((unit for ending, unit in _UNITS.items() if leaf.path.endswith(ending)), "")
