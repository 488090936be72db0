"""From a document to settings, with every mistake named."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings.leaves import READ_ONLY, settings_leaves, value_at
from kpi_platform.domain.settings.model import CustomerSettings
from kpi_platform.domain.settings.sources import made_names
from kpi_platform.domain.settings.unknown_keys import (
    NAMED_KEYS,
    shown_place,
    unknown_keys,
    unknown_message,
)
from kpi_platform.domain.sources import SOURCES

MAX_DEPTH = 64
"""Levels of sections and lists that a document may have; a settings model needs a dozen."""

_LISTED_ERRORS = 100

_CONNECTION_PATHS = frozenset(f"{source}.connection_id" for source in SOURCES)
_NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})


def parse_settings(
    document: Mapping[str, Any],
    *,
    environment: Mapping[str, str] = _NO_ENVIRONMENT,
    single_customer: bool = True,
) -> CustomerSettings:
    """Returns the settings that `document` states; what it leaves out comes from `environment`, else the
    defaults.

    Variables that name a connection count only while the installation has a single customer. Raises
    InvalidSettings with the errors as `{"field", "message"}`, of many the first ones; no message repeats what
    may be a secret.
    """
    if not isinstance(document, Mapping):
        raise invalid_settings([{"field": "", "message": "must be a document with named sections"}])
    if is_deeper(document, MAX_DEPTH):
        raise invalid_settings([{"field": "", "message": f"must have at most {MAX_DEPTH} levels"}])
    _require_few_unknown_keys(document)
    stated = _without(document, READ_ONLY)
    complete = _with_environment(stated, environment, single_customer)
    try:
        return CustomerSettings.model_validate(complete)
    except ValidationError as cause:
        errors = [_in_words(error) for error in cause.errors(include_url=False)[:_LISTED_ERRORS]]
        if more := cause.error_count() - len(errors):
            errors.append({"field": "", "message": f"there are {more} more errors"})
        raise invalid_settings(errors) from None


def invalid_settings(errors: list[dict[str, str]]) -> InvalidSettings:
    """Returns the error that lists `errors`, each `{"field", "message"}`."""
    lines = "; ".join(f"{error['field']}: {error['message']}".removeprefix(": ") for error in errors)
    return InvalidSettings(
        f"The settings are not valid. {lines}.",
        next_step="Correct these settings; `kpi-platform settings docs` describes every one.",
        details={"errors": errors},
    )


def is_deeper(document: Any, levels: int) -> bool:
    """Whether sections and lists are nested in more than `levels`, as one that holds itself is."""
    parts: list[Any] = [document] if isinstance(document, dict | list | tuple) else []
    for _ in range(levels):
        inner = (value for part in parts for value in (part.values() if isinstance(part, dict) else part))
        # A part that is in several places is looked at once a level.
        parts = list({id(one): one for one in inner if isinstance(one, dict | list | tuple)}.values())
        if not parts:
            return False
    return True


def editable_part(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `document` without settings that are only shown, and without the names that the table prefix
    makes: they follow it when it is changed."""
    part = _without(document, {leaf.path for leaf in settings_leaves() if leaf.read_only})
    section = part.get("servicenow")
    if not isinstance(section, Mapping) or not isinstance(section.get("custom_fields"), Mapping):
        return part
    prefix = section.get("table_prefix", CustomerSettings().servicenow.table_prefix)
    made = made_names(prefix) if isinstance(prefix, str) else {}
    named = {key: value for key, value in section["custom_fields"].items() if made.get(key) != value}
    rest = {key: value for key, value in section.items() if key != "custom_fields"}
    return {**part, "servicenow": {**section, "custom_fields": named} if named else rest}


def whole_document(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the document that `stored` makes with all defaults, to be edited as a file. A setting that has
    to have a value, and gets it from an environment variable if none is stated, is left out: the variable
    goes on giving it."""
    document = parse_settings(stored).document()
    given = {leaf.path for leaf in settings_leaves() if leaf.environment and not leaf.optional}
    return editable_part(_without(document, {path for path in given if value_at(stored, path) is None}))


def _require_few_unknown_keys(document: Mapping[str, Any]) -> None:
    """InvalidSettings if there are more than can be named: to look for what was meant takes time."""
    unknown = list(islice(unknown_keys(document), NAMED_KEYS + 1))
    if len(unknown) > NAMED_KEYS:
        errors = [
            {"field": shown_place(place), "message": unknown_message(place)} for place in unknown[:NAMED_KEYS]
        ]
        rest = {"field": "", "message": "further keys are not settings either"}
        raise invalid_settings([*errors, rest])


def _without(document: Mapping[str, Any], paths: Collection[str], prefix: str = "") -> dict[str, Any]:
    return {
        key: _without(value, paths, f"{prefix}{key}.") if isinstance(value, Mapping) else value
        for key, value in document.items()
        if f"{prefix}{key}" not in paths
    }


def _with_environment(
    document: Mapping[str, Any], environment: Mapping[str, str], single_customer: bool
) -> dict[str, Any]:
    result = dict(document)
    for path, value in _environment_defaults(environment):
        section, _, key = path.partition(".")
        stated = result.get(section, {})
        if not isinstance(stated, Mapping) or stated.get(key) not in (None, ""):
            continue
        if single_customer or path not in _CONNECTION_PATHS:
            result[section] = {**stated, key: value}
    return result


def _environment_defaults(environment: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for leaf in settings_leaves():
        text = environment.get(leaf.environment, "").strip() if leaf.environment else ""
        if not text:
            continue
        if leaf.type == "integer" and text.isdecimal():
            yield leaf.path, int(text)
        elif leaf.path.endswith(".instance_url") and "://" not in text:
            yield leaf.path, f"https://{text}"
        else:
            yield leaf.path, text
    for name in ("WAREHOUSE_PASSWORD", "WAREHOUSE_PRIVATE_KEY_PATH"):
        if environment.get(name):
            yield "warehouse.credentials_secret", name
            return


def _in_words(error: ErrorDetails) -> dict[str, str]:
    context: Mapping[str, Any] = error.get("ctx") or {}
    path, message, field = _place(error["loc"]), _message(error, context), context.get("field")
    if error["type"] == "value_error" and path.startswith("custom_kpis."):
        # A definition's own checks name the field in front of the message.
        field, _, message = str(context["error"]).rpartition(": ")
    return {"field": f"{path}.{field}".strip(".") if field else path, "message": message}


def _place(location: tuple[int | str, ...]) -> str:
    """The path as the document has it: without the names of the forms that a condition may have."""
    forms = ("comparison", "and", "or")
    before = (None, *location)
    return shown_place(
        tuple(
            part
            for last, part in zip(before, location, strict=False)
            if not (isinstance(last, int) and part in forms)
        )
    )


def _message(error: ErrorDetails, context: Mapping[str, Any]) -> str:
    match error["type"]:
        case "refused":
            return str(context["message"])
        case "extra_forbidden":
            return unknown_message(error["loc"])
        case "missing":
            return "must be given"
        case "literal_error":
            return f"must be {context['expected']}"
        case "bool_type":
            return "must be true or false"
        case "int_type" | "int_from_float" | "int_parsing":
            return "must be a whole number"
        case "float_type" | "float_parsing" | "finite_number":
            return "must be a number"
        case "string_type":
            return "must be text"
        case "tuple_type" | "list_type":
            return "must be a list"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be a section with named settings"
        case "greater_than_equal":
            return f"must be {context['ge']:g} or more"
        case "less_than_equal":
            return f"must be {context['le']:g} or less"
        case "string_too_short":
            return "must not be empty"
        case "string_too_long":
            return f"must have at most {context['max_length']} characters"
        case "too_long":
            return f"must have at most {context['max_length']} entries"
        case "none_required":
            return "must be left out: this KPI has no such setting"
    return error["msg"][:1].lower() + error["msg"][1:]
