"""A form over the settings, saved beside what others have saved since it was opened."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.settings_versions import StoredSettings, current_settings, settings_history
from kpi_platform.domain.errors import Conflict, InvalidSettings
from kpi_platform.domain.settings import (
    Clash,
    Editor,
    as_it_holds,
    editable_part,
    merge_settings,
    parse_settings,
)
from kpi_platform.pipeline.change_settings import SettingsChange, change_settings
from kpi_platform.pipeline.customer_settings import has_single_customer

Edit = Callable[[dict[str, Any]], Mapping[str, Any]]
"""A function that makes of a whole document what a form says."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """An edit, merged with what `others` have saved since: `document` is to be saved over `version`. At a
    clash it has what the others saved. `history` are all versions, newest first."""

    document: dict[str, Any]
    clashes: tuple[Clash, ...]
    version: int
    others: tuple[StoredSettings, ...]
    history: tuple[StoredSettings, ...]

    def saved_by(self, path: str) -> str:
        """Returns who changed the setting last; also if the form was shown with that change already, and asks
        again."""
        for one in self.history:
            if any(_touches(str(change["path"]), path) for change in one.changes):
                return one.saved_by
        return self.history[0].saved_by if self.history else "A colleague"


class EditClash(Conflict):
    """Somebody else has changed the same settings since. `planned` says which, with both values."""

    def __init__(self, planned: PlannedEdit) -> None:
        super().__init__(
            "Somebody else has changed the same settings.", next_step="Choose which values hold."
        )
        self.planned = planned


class MergedInvalid(InvalidSettings):
    """The changes of both are valid alone, and not together. `planned` is what was to be saved."""

    def __init__(self, cause: InvalidSettings, planned: PlannedEdit) -> None:
        super().__init__(cause.message, next_step=cause.next_step, details=cause.details)
        self.planned = planned


def plan_edit(
    configuration: Configuration,
    connection: sa.Connection,
    customer: str,
    edit: Edit,
    based_on: int | None = None,
    undecided: Collection[str] = (),
) -> PlannedEdit:
    """Returns what `edit` makes of version `based_on` (None: the newest), merged into the newest. At
    `undecided` paths every difference is a clash, and everywhere if the version is not known any more.
    Raises InvalidSettings if the edit itself is invalid."""
    environment, alone = configuration.environment, has_single_customer(connection)

    def whole(document: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return parse_settings(document, environment=environment, single_customer=alone).document()
        except InvalidSettings:
            # Saved by an earlier program; the edit may be what mends it.
            return as_it_holds(document, parse_settings({}).document())

    current = current_settings(connection, customer)
    version, theirs = (current.version, whole(current.document)) if current else (0, whole({}))
    history = settings_history(connection, customer)
    others = tuple(one for one in history if based_on is not None and one.version > based_on)
    base: Mapping[str, Any] = theirs
    if others:
        former = next(
            (one.document for one in history if one.version == based_on), {} if based_on == 0 else None
        )
        base = whole(former) if former is not None else {}
    mine = editable_part(edit(dict(base or theirs)))
    checked = parse_settings(mine, environment=environment, single_customer=alone).document()
    merged = merge_settings(base, theirs, checked, undecided)
    return PlannedEdit(merged.document, merged.clashes, version, others, tuple(history))


def save_edit(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    edit: Edit,
    *,
    by: Editor,
    based_on: int | None = None,
    undecided: Collection[str] = (),
    note: str = "",
    apply: bool = True,
    dry_run: bool = False,
) -> tuple[SettingsChange, PlannedEdit]:
    """Saves the edit, merged into the newest version. Raises EditClash if somebody has changed the same
    settings since `based_on`, MergedInvalid if what both have changed does not go together, and whatever
    `change_settings` raises."""
    for tries_left in reversed(range(_TRIES)):
        with reading(engine) as connection:
            planned = plan_edit(configuration, connection, customer, edit, based_on, undecided)
        if planned.clashes:
            raise EditClash(planned)
        try:
            change = change_settings(
                configuration, engine, customer, planned.document,
                by=by, expected_version=planned.version, note=note, apply=apply, dry_run=dry_run,
            )  # fmt: skip
        except InvalidSettings as error:
            if planned.others:
                raise MergedInvalid(error, planned) from None
            raise
        except Conflict as error:
            # Somebody was faster between the plan and the save.
            if "expected_version" not in error.details or not tries_left:
                raise
        else:
            return change, planned
    raise AssertionError("The last try returns or raises.")


def _touches(changed: str, path: str) -> bool:
    return changed == path or path.startswith(f"{changed}.") or changed.startswith(f"{path}.")
