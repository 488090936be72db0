"""The settings as a form: every setting of a section as a field, and what a browser sends as a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.settings import (
    WHO_MAY,
    Editor,
    Leaf,
    settings_leaves,
    text_of,
    value_at,
    with_typed,
)
from kpi_platform.domain.settings.warehouse import ONLY_FOR
from kpi_platform.pipeline.edit_settings import PlannedEdit
from kpi_platform.web.setting_labels import field_label, group_of, group_title, setting_label

_UNITS = {
    "_minutes": "minutes",
    "_seconds": "seconds",
    "_hours": "hours",
    "_days": "days",
    "_hour": "o'clock",
}
ASKED = "asked."
"""Begins the names of hidden fields: at these paths, somebody has to choose between two values."""
_SAYS_NOTHING = ("text", "integer", "number", "identifier", "computed")


@dataclass(frozen=True, slots=True)
class ShownClash:
    """A setting that two people changed: the text that `saved_by` has saved, and the one in the form."""

    theirs: str
    mine: str
    saved_by: str


@dataclass(frozen=True, slots=True)
class SettingField:
    """One field. `text` is its content, `default` the value if nothing is stated; `message` says what is
    wrong with it. `options` are value and label; a checkbox has none. `offered` are likewise lines that a
    list may want; a list of conditions has `operators`, name and words. `only` says who may change it, if the
    viewer may not; it is empty otherwise. At a `clash` two values are offered in its place."""

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
    operators: Sequence[tuple[str, str]] = ()
    clash: ShownClash | None = None

    @property
    def id(self) -> str:
        return self.path.replace(".", "-")

    @property
    def names_a_field(self) -> bool:
        """Whether it is the name of a landed field."""
        return ".custom_fields." in self.path or self.path.rpartition(".")[2] in ("field", "time_field")

    @property
    def only_for(self) -> str:
        """The kinds of warehouse that an empty field is about, if not about all: a form of another kind hides
        it."""
        section, _, name = self.path.partition(".")
        empty = section == "warehouse" and not (self.text or self.message or self.clash)
        return " ".join(ONLY_FOR.get(name, ())) if empty else ""

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
    def names_a_field(self) -> bool:
        """Whether a field of it is the name of a landed field."""
        return any(field.names_a_field for field in self.fields)

    @property
    def only(self) -> str:
        """The role that may change these fields, if it is the same for all of them and the viewer does not
        have it."""
        first, *others = {field.only for field in self.fields} or {""}
        return "" if others else first

    @property
    def is_wrong(self) -> bool:
        return any(field.message or field.clash for field in self.fields)


def field_groups(
    section: str,
    document: Mapping[str, Any],
    typed: Mapping[str, str],
    wrong: Mapping[str, str],
    editor: Editor,
    *,
    offered: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType({}),
    planned: PlannedEdit | None = None,
) -> list[FieldGroup]:
    """Returns the section's fields, and which of them are not the editor's to change. `typed` wins over the
    document: what was typed stays until it is right. `wrong` is the message of each path; one about a group
    as a whole is at its first field. `offered` are value and label of lines that a list may want, by path.
    The clashes of a `planned` edit have both values."""
    clashes = {} if planned is None else {clash.path: clash for clash in planned.clashes}
    groups: dict[str, list[SettingField]] = {}
    left = dict(wrong)
    for leaf in _leaves(section):
        message = left.pop(leaf.path, None)
        if message is None:
            above = next((path for path in left if leaf.path.startswith(f"{path}.")), None)
            message = left.pop(above) if above else None
        one = _field(leaf, document, typed, message, editor)
        if planned is not None and leaf.path in clashes:
            clash = clashes[leaf.path]
            theirs, mine = text_of(leaf, clash.theirs), text_of(leaf, clash.mine)
            one = replace(one, clash=ShownClash(theirs, mine, planned.saved_by(leaf.path)))
        one = replace(one, offered=offered.get(leaf.path, ()))
        groups.setdefault(group_of(leaf.path), []).append(one)
    folds = section == "kpi_mappings"
    return [FieldGroup(group_title(name), fields, folds) for name, fields in groups.items()]


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
            elsewhere.append(f"{setting_label(field)}: {message}" if field else message)
        else:
            here.setdefault(known if field.startswith(f"{known}.") else field, message)
    return here, elsewhere


def document_of(document: Mapping[str, Any], section: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """Returns `document` with the values in the form of `section`; a field that it does not have, or that was
    not touched, stays as it is. Text that is no number stays text, so that the settings' own check names
    it."""
    editable = [leaf.path for leaf in _leaves(section) if not leaf.read_only]
    return with_typed(document, {path: typed[path] for path in editable if path in typed})


def with_undecided(typed: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Returns what was typed, with the own values of clashes at which nothing was chosen; and their paths."""
    asked = {name.removeprefix(ASKED): text for name, text in typed.items() if name.startswith(ASKED)}
    undecided = [path for path in asked if path not in typed]
    return {**typed, **{path: asked[path] for path in undecided}}, undecided


def _leaves(section: str) -> list[Leaf]:
    return [leaf for leaf in settings_leaves() if leaf.section == section]


def _field(
    leaf: Leaf, document: Mapping[str, Any], typed: Mapping[str, str], message: str | None, editor: Editor
) -> SettingField:
    text = typed.get(leaf.path, text_of(leaf, value_at(document, leaf.path)))
    return SettingField(
        path=leaf.path,
        label=field_label(leaf.path),
        kind="read_only" if leaf.read_only else "choice" if leaf.choices else leaf.type,
        text=text,
        default=text_of(leaf, leaf.default),
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
    values = [text_of(leaf, value) for value in leaf.choices]
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


def _unit(leaf: Leaf) -> str:
    if leaf.choices:
        return ""
    if ".thresholds." in leaf.path:
        return KPIS[leaf.path.split(".")[1]].unit
    return next((unit for ending, unit in _UNITS.items() if leaf.path.endswith(ending)), "")


def clash_words(planned: PlannedEdit) -> str:
    """Says who changed the same settings meanwhile."""
    names = " and ".join(dict.fromkeys(planned.saved_by(clash.path) for clash in planned.clashes))
    what = "these settings" if len(planned.clashes) > 1 else "this setting"
    return (
        f"{names} changed {what}, and so have you. Choose which value holds, then save. Everything else that "
        "you typed is kept, and so is everything else that was saved meanwhile."
    )
