"""Settings, and what became of a change of them, as tables."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from kpi_platform.cli.output import console, print_table

if TYPE_CHECKING:
    from kpi_platform.domain.legacy_settings import ImportedSettings
    from kpi_platform.pipeline.applied_change import AppliedChange
    from kpi_platform.pipeline.change_settings import SettingsChange

_CHANGES_SHOWN = 10


def print_change(customer: str, change: "SettingsChange", *, dry_run: bool = False) -> None:
    """Prints what changed, what Fivetran answered, and which version holds now."""
    if change.changes:
        rows = [(each.path, _value(each.old), _value(each.new)) for each in change.changes]
        print_table(f"Settings of {customer}", ("setting", "before", "after"), rows)
    print_applied(change.applied)
    for warning in change.warnings:
        console.print(f"[yellow]![/] {escape(warning)}", highlight=False)
    if dry_run:
        console.print("Nothing was saved.", highlight=False)
    elif change.changes:
        console.print(f"[green]✓[/] Saved as version {change.version}.", highlight=False)
    else:
        console.print(f"Nothing changed; version {change.version} holds.", highlight=False)


def print_renamed(imported: "ImportedSettings") -> None:
    rows = [(each.old, each.new or "left out: it is measured so anyway") for each in imported.renamed]
    if rows:
        print_table("Renamed", ("in the file", "now"), rows)


def print_applied(applied: "Sequence[AppliedChange]") -> None:
    rows = [(each.source, each.connection_id, each.setting, each.message) for each in applied]
    if rows:
        print_table("Told to Fivetran", ("source", "connection", "setting", "now"), rows)


def print_settings(customer: str, document: dict[str, Any], everything: bool) -> None:
    from kpi_platform.domain.settings import settings_leaves

    rows = []
    for leaf in settings_leaves():
        value: Any = document
        for key in leaf.path.split("."):
            value = value[key]
        if everything or value != leaf.default:
            rows.append((leaf.path, _value(value), _value(leaf.default)))
    rows += [(f"custom_kpis.{kpi['slug']}", kpi["name"], None) for kpi in document["custom_kpis"]]
    title = (
        f"Settings of {customer}" if everything else f"Settings of {customer} that are not at their default"
    )
    print_table(title, ("setting", "value", "default"), rows)
    if not everything:
        console.print("All settings: --all. What each does: kpi-platform settings docs", highlight=False)


def changed_lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Returns the differences of two stored documents, in a few lines. Documents of older versions may not
    parse."""
    from kpi_platform.domain.errors import InvalidSettings
    from kpi_platform.domain.settings import diff_settings, parse_settings

    try:
        changes = diff_settings(parse_settings(before), parse_settings(after))
    except InvalidSettings:
        return "one of them is not valid any more"
    lines = [f"{each.path}: {_value(each.old) or '–'} → {_value(each.new) or '–'}" for each in changes]
    more = [f"and {len(lines) - _CHANGES_SHOWN} more: --json"] if len(lines) > _CHANGES_SHOWN else []
    return "\n".join(lines[:_CHANGES_SHOWN] + more) or "nothing that counts"


def _value(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(_value(each)) for each in value)
    return None if value is None else str(value)
