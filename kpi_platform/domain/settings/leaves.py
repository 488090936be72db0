"""Every single setting, for the reference page, the settings form, and tests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kpi_platform.domain.settings.model import CustomerSettings
from kpi_platform.domain.settings.section import Kind, Section

LeafType = Literal["boolean", "integer", "number", "text", "list", "structure"]

READ_ONLY: Mapping[str, str] = {
    "fivetran.last_sync": "When the last sync of this customer ended successfully. Computed.",
    "fivetran.next_sync": "When the next automatic sync is due. Computed.",
}
"""Shown with the settings, accepted and ignored in a document."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting. `choices` is empty if the value is free; `allowed` says in words what may stand there.
    `environment` names the variable that gives the default, or is empty. A `read_only` one is shown only. A
    `structure` has named parts, or entries with parts: it is not one field of a form."""

    path: str
    section: str
    kind: Kind
    type: LeafType
    default: Any
    allowed: str
    help: str
    choices: tuple[Any, ...] = ()
    accepted: tuple[Any, ...] = ()
    optional: bool = False
    environment: str = ""
    read_only: bool = False


@cache
def settings_leaves() -> tuple[Leaf, ...]:
    """Returns all settings that are one field of a form, in the order of the document."""
    return tuple(one for one in _leaves(CustomerSettings(), "") if one.type != "structure") + tuple(
        Leaf(path, "fivetran", "meaning", "text", None, "computed", text, optional=True, read_only=True)
        for path, text in READ_ONLY.items()
    )


@cache
def settings_structures() -> tuple[Leaf, ...]:
    """Returns the settings with named parts, or entries with parts, such as the list of custom KPIs."""
    return tuple(one for one in _leaves(CustomerSettings(), "") if one.type == "structure")


@cache
def settings_kinds() -> Mapping[str, Kind]:
    """Returns the kind of every setting that a document may change, by its path."""
    changeable = (leaf for leaf in settings_leaves() if not leaf.read_only)
    return {one.path: one.kind for one in (*changeable, *settings_structures())}


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """Returns the value at a dotted path; None if the document has none."""
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _leaves(part: BaseModel, prefix: str) -> Iterator[Leaf]:
    for name, field in type(part).model_fields.items():
        value, path = getattr(part, name), f"{prefix}{field.alias or name}"
        if isinstance(value, BaseModel):
            yield from _leaves(value, f"{path}.")
        elif field.annotation is not NoneType:
            yield _leaf(path, _kind(path, type(part), field), field, value)


def _leaf(path: str, kind: Kind, field: FieldInfo, value: Any) -> Leaf:
    extra = _extra(field)
    types = tuple(_flat(field.annotation))
    literals = tuple(value for kind in types if get_origin(kind) is Literal for value in get_args(kind))
    choices = tuple(extra.get("choices", ())) or literals
    type_ = _type(types, literals)
    default = list(value) if isinstance(value, tuple) else value
    words = str(extra.get("allowed", ""))
    if literals:
        words = ", ".join(str(each) for each in choices)
        if choices != literals:
            words += (
                f"; by API and file also {', '.join(str(each) for each in literals if each not in choices)}"
            )
    return Leaf(
        path=path,
        section=path.partition(".")[0],
        kind=kind,
        type=type_,
        default=default,
        allowed=words or {"boolean": "true, false"}.get(type_, type_),
        help=field.description or "",
        choices=choices,
        accepted=literals,
        optional=NoneType in types,
        environment=str(extra.get("environment", "")),
        read_only=len(literals) == 1,
    )


def _kind(path: str, part: type[BaseModel], field: FieldInfo) -> Kind:
    stated: Any = _extra(field).get("kind")
    kind: Kind | None = stated or (part.settings_kind if issubclass(part, Section) else None)
    if kind is None:
        raise TypeError(f"Say in the model which kind of setting {path} is: placement, reach_out or meaning.")
    return kind


def _extra(field: FieldInfo) -> Mapping[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _flat(annotation: Any) -> Iterator[Any]:
    """The parts of a union, without `Annotated`."""
    if hasattr(annotation, "__metadata__"):
        yield from _flat(annotation.__origin__)
    elif get_origin(annotation) in (Literal, tuple, Mapping) or not get_args(annotation):
        yield annotation
    else:
        for part in get_args(annotation):
            yield from _flat(part)


def _type(types: tuple[Any, ...], literals: tuple[Any, ...]) -> LeafType:
    if any(map(_is_structure, types)):
        return "structure"
    if bool in types:
        return "boolean"
    if int in types or any(isinstance(value, int) for value in literals):
        return "integer"
    if float in types:
        return "number"
    return "list" if any(get_origin(kind) is tuple for kind in types) else "text"


def _is_structure(kind: Any) -> bool:
    if get_origin(kind) is Mapping:
        return True
    entries = get_args(kind)[:1] if get_origin(kind) is tuple else ()
    return any(isinstance(one, type) and issubclass(one, BaseModel) for one in entries)
