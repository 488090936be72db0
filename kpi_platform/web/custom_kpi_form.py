"""A custom KPI as a form: its fields, and what a browser sends as a definition."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, get_args

from kpi_platform.domain.custom_kpis import ACCOUNT_TABLES, Aggregate, CustomKpi, Operator
from kpi_platform.domain.kpis import CATEGORIES, Direction, Frequency, Impact
from kpi_platform.domain.settings.reference import CUSTOM_KPI_KEYS
from kpi_platform.pipeline.edit_settings import PlannedEdit
from kpi_platform.web.body import parse_field
from kpi_platform.web.setting_labels import setting_label
from kpi_platform.web.settings_form import FieldGroup, SettingField, ShownClash

_AGGREGATES = get_args(Aggregate)
_LISTED = ("in", "not_in")
_WITHOUT_VALUE = ("is_null", "is_not_null")
_OPERATOR_WORDS = tuple(
    {
        "eq": "is", "ne": "is not", "lt": "is below", "le": "is at most", "gt": "is above",
        "ge": "is at least", "in": "is one of", "not_in": "is none of", "contains": "contains",
        "starts_with": "begins with", "is_null": "is empty", "is_not_null": "is not empty",
    }.items()
)  # fmt: skip
_CONDITIONS = (
    "One condition a line, all must hold: a field, an operator, a value. Operators: "
    f"{', '.join(get_args(Operator))}; in and not_in take values between commas. Alternatives as JSON: "
    '{"or": [{"field": …, "operator": …, "value": …}, …]}.'
)
_NO_VALUE: Any = object()


@dataclass(frozen=True, slots=True)
class _Part:
    """One input: the path in the definition, and its possible values."""

    path: str
    label: str
    kind: str = "text"
    options: Sequence[tuple[str, str]] = ()
    help: str = ""
    unit: str = ""


def _choice(
    path: str, label: str, values: Sequence[str], *, empty: str | None = None, help: str = ""
) -> _Part:
    first = [("", empty)] if empty is not None else []
    options = [*first, *((value, value.replace("_", " ")) for value in values)]
    return _Part(path, label, "choice", options, help)


_TABLES = [f"{source}.{table}" for source, tables in ACCOUNT_TABLES.items() for table in tables]
_MEASURE_HELP = "Only for a ratio."
_GROUPS: Mapping[str, Sequence[_Part]] = {
    "What it is": (
        _Part("name", "Name"),
        _Part(
            "slug", "Short name",
            help="Small letters, digits and _; tables and files call it so. It cannot be changed later.",
        ),
        _Part("unit", "Unit"),
        _choice("direction", "Better values", get_args(Direction), help="Whether high or low is good."),
    ),
    "What is measured": (
        _choice("table", "Table", _TABLES),
        _choice(
            "aggregate", "Aggregate", (*_AGGREGATES, "ratio"),
            help="How the rows of an account become one value.",
        ),
        _Part("field", "Field"),
        _Part("time_field", "Time field"),
        _Part(
            "window_days", "Window", "integer", unit="days",
            help="How far back rows count: 1 to 730 days. Without it all rows do.",
        ),
        _Part("filters", "Conditions", "list", help=_CONDITIONS),
    ),
    "Ratio": (
        _choice("numerator.aggregate", "Numerator", _AGGREGATES, empty="none", help=_MEASURE_HELP),
        _Part("numerator.field", "Numerator's field", help=_MEASURE_HELP),
        _Part("numerator.filters", "Numerator's conditions", "list", help=_CONDITIONS),
        _choice("denominator.aggregate", "Denominator", _AGGREGATES, empty="none", help=_MEASURE_HELP),
        _Part("denominator.field", "Denominator's field", help=_MEASURE_HELP),
        _Part("denominator.filters", "Denominator's conditions", "list", help=_CONDITIONS),
    ),
    "How it is shown": (
        _Part("category", "Category"),
        _choice("impact", "Impact", get_args(Impact)),
        _choice("frequency", "Frequency", get_args(Frequency)),
        _Part("thresholds.healthy", "Healthy from", "number", help="Values from here on are green."),
        _Part(
            "thresholds.at_risk", "At risk beyond", "number",
            help="Values beyond are red, and alert if alerts are on.",
        ),
    ),
}  # fmt: skip
CUSTOM_KPI_LABELS: Mapping[str, str] = {part.path: part.label for parts in _GROUPS.values() for part in parts}
"""Labels of the fields by their path in the definition."""

_NEW: Mapping[str, str] = {
    "unit": "count", "direction": "high", "aggregate": "count", "table": "salesforce.case",
    "category": CATEGORIES[0], "impact": "Medium", "frequency": "Daily",
}  # fmt: skip


def custom_kpi_groups(
    texts: Mapping[str, str],
    wrong: Mapping[str, str],
    clashes: Mapping[str, ShownClash] = MappingProxyType({}),
) -> list[FieldGroup]:
    """Returns the form with `texts` in it; `wrong` is the message of each path, `clashes` the values that two
    people typed."""
    return [
        FieldGroup(
            title, [replace(_field(part, texts, wrong), clash=clashes.get(part.path)) for part in parts]
        )
        for title, parts in _GROUPS.items()
    ]


def shown_clashes(slug: str, planned: PlannedEdit, typed: Mapping[str, str]) -> dict[str, ShownClash]:
    """Returns both texts of each input at which the edit of the KPI clashes; none if the KPI itself was
    removed."""
    place = f"custom_kpis.{slug}"
    theirs = next((one for one in planned.document["custom_kpis"] if one["slug"] == slug), None)
    if theirs is None:
        return {}
    texts = texts_of(CustomKpi.model_validate(theirs))
    paths = [clash.path.removeprefix(f"{place}.") for clash in planned.clashes]
    return {
        part.path: ShownClash(texts[part.path], typed.get(part.path, ""), planned.saved_by(place))
        for part in _parts()
        if any(path in definition_paths(part.path) or part.path.startswith(f"{path}.") for path in paths)
    }


def definition_paths(path: str) -> tuple[str, ...]:
    """Returns the keys of the definition that an input is about."""
    return ("source", "table") if path == "table" else (path,)


def texts_of(kpi: CustomKpi | None) -> dict[str, str]:
    """Returns the texts in the form of a definition; for a new one the usual values."""
    if kpi is None:
        return dict(_NEW)
    document = kpi.model_dump(mode="json", by_alias=True)
    document["table"] = f"{kpi.source}.{kpi.table}"
    return {part.path: _text(part, _at(document, part.path)) for part in _parts()}


def definition_of(texts: Mapping[str, str]) -> dict[str, Any]:
    """Returns the definition that the form says. What is no number, and no condition, stays as it is, so that
    the settings' own check names it."""
    definition: dict[str, Any] = {}
    for part in _parts():
        value = _parsed(part, texts.get(part.path, "").strip())
        if value is not None:
            *parents, name = part.path.split(".")
            place = definition
            for parent in parents:
                place = place.setdefault(parent, {})
            place[name] = value
    for measure in ("numerator", "denominator"):
        if "aggregate" not in definition.get(measure, {}):
            definition.pop(measure, None)
    source, _, table = str(definition.get("table", "")).partition(".")
    return {**definition, "source": source, "table": table}


def messages(errors: Sequence[Mapping[str, str]], index: int) -> tuple[dict[str, str], list[str]]:
    """Returns the messages at the fields of the definition at `index` of the list, and those about other
    places."""
    prefix = f"custom_kpis.{index}"
    paths = [part.path for part in _parts()]
    here: dict[str, str] = {}
    elsewhere: list[str] = []
    for error in errors:
        field = error["field"].removeprefix(prefix).lstrip(".").partition(",")[0]
        inside = error["field"].startswith(prefix)
        place = next((p for p in paths if field == p or field.startswith(f"{p}.")), None)
        place = place or next((p for p in paths if field and p.startswith(f"{field}.")), None)
        if inside and place:
            rest = field.removeprefix(place).lstrip(".")
            line = f"{_condition_number(rest)}{error['message']}"
            here.setdefault(place, line)
        else:
            elsewhere.append(f"{setting_label(error['field'])}: {error['message']}")
    return here, elsewhere


def _condition_number(rest: str) -> str:
    number = rest.partition(".")[0]
    return f"condition {int(number) + 1}: " if number.isdecimal() else ""


def _parts() -> list[_Part]:
    return [part for parts in _GROUPS.values() for part in parts]


def _field(part: _Part, texts: Mapping[str, str], wrong: Mapping[str, str]) -> SettingField:
    text = texts.get(part.path, "")
    return SettingField(
        path=part.path, label=part.label, kind=part.kind, text=text, default=text,
        help=part.help or CUSTOM_KPI_KEYS[part.path.partition(".")[0]], allowed="", unit=part.unit,
        options=part.options, operators=_OPERATOR_WORDS if part.path.endswith("filters") else (),
        message=wrong.get(part.path),
    )  # fmt: skip


def _at(document: Mapping[str, Any], path: str) -> Any:
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(part: _Part, value: Any) -> str:
    if value is None:
        return ""
    if part.kind == "list":
        return "\n".join(_line(condition) for condition in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _line(condition: Mapping[str, Any]) -> str:
    if "field" not in condition:
        return json.dumps(condition, ensure_ascii=False)
    value, operator = condition.get("value"), condition["operator"]
    if operator in _WITHOUT_VALUE:
        return f"{condition['field']} {operator}"
    values = value if operator in _LISTED and isinstance(value, list) else [value]
    return f"{condition['field']} {operator} {', '.join(map(_scalar_text, values))}"


def _scalar_text(value: Any) -> str:
    """Text as it is, quoted only if it would be read as something else."""
    if isinstance(value, str):
        plain = _scalar(value) == value and value == value.strip() and "," not in value and value
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _parsed(part: _Part, text: str) -> Any:
    if part.kind == "list":
        return [_condition(line.strip()) for line in text.splitlines() if line.strip()] or None
    if not text:
        return None
    kinds: dict[str, type[int] | type[float]] = {"integer": int, "number": float}
    if part.kind in kinds:
        try:
            return kinds[part.kind](text)
        except ValueError:
            return text
    return text


def _condition(line: str) -> Any:
    if line.startswith("{"):
        try:
            return parse_field(line)
        except ValueError:
            return line
    field, operator, value = (*line.split(None, 2), "", "", "")[:3]
    condition: dict[str, Any] = {"field": field, "operator": operator}
    if operator in _LISTED:
        condition["value"] = _list(value)
    elif value:
        condition["value"] = _scalar(value)
    return condition


def _list(text: str) -> list[Any]:
    try:
        return list(parse_field(f"[{text}]"))
    except ValueError:
        return [_scalar(each.strip()) for each in text.split(",") if each.strip()]


def _scalar(text: str) -> Any:
    """A number, true, false or a quoted text as JSON has it; anything else is text."""
    try:
        value = parse_field(text)
    except ValueError:
        return text
    return value if isinstance(value, str | bool | int | float) else text
