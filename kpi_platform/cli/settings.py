"""`kpi-platform settings …`: the settings of one customer, as table, file, versions and reference."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kpi_platform.cli.arguments import CustomerKey, setting_paths
from kpi_platform.cli.dashboard import dashboard, editor
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.cli.settings_files import Format, as_text, format_of, read_document
from kpi_platform.cli.settings_tables import (
    changed_lines,
    print_applied,
    print_change,
    print_renamed,
    print_settings,
)
from kpi_platform.configuration import Configuration

if TYPE_CHECKING:
    from kpi_platform.domain.legacy_settings import ImportedSettings
    from kpi_platform.pipeline.change_settings import SettingsChange

File = Annotated[Path, typer.Argument(help="JSON or YAML; - is standard input.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
NoApply = Annotated[bool, typer.Option("--no-apply", help="Only store the settings; do not call Fivetran.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Show, change, check and document a customer's settings.")
    app.add_typer(group, name="settings")
    for command in (show, set_, export, import_, validate, history, restore, apply, docs):
        group.command(name=command.__name__.strip("_"))(command)


@cli_errors
def show(
    customer: CustomerKey,
    everything: Annotated[
        bool, typer.Option("--all", help="Also the settings that are at their default.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The whole document as JSON.")] = False,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="The whole document as YAML.")] = False,
) -> None:
    """Show the settings that hold for CUSTOMER, the environment's defaults included."""
    from kpi_platform.pipeline.customer_settings import effective_settings
    from kpi_platform.pipeline.sync_times import sync_times

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine, engine.connect() as connection:
        settings = effective_settings(configuration, connection, customer)
        times = sync_times(connection, customer, settings)
    document = settings.document()
    document["fivetran"] |= {
        name: value.isoformat() if value else None
        for name, value in (("last_sync", times.last_sync), ("next_sync", times.next_sync))
    }
    if as_json or as_yaml:
        typer.echo(as_text(document, "json" if as_json else "yaml"), nl=False)
        return
    print_settings(customer, document, everything)


@cli_errors
def set_(
    customer: CustomerKey,
    path: Annotated[
        str,
        typer.Argument(
            help="The setting, such as alerts.on_stale_hours.",
            show_default=False,
            autocompletion=setting_paths,
        ),
    ],
    value: Annotated[
        list[str] | None,
        typer.Argument(help="Its new value; a list takes several.", show_default=False),
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="Go back to the default.")] = False,
    no_apply: NoApply = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    note: Annotated[str, typer.Option(help="Why; kept with the version.")] = "",
    as_json: Json = False,
) -> None:
    """Change one setting of CUSTOMER, as the settings page would: check, change Fivetran, store.

    `settings docs` lists every PATH with what it may be. A number below 0 stands behind --.
    """
    from kpi_platform.domain.errors import InvalidInput
    from kpi_platform.domain.settings import settings_leaves, with_typed, without
    from kpi_platform.pipeline.edit_settings import save_edit

    if default == bool(value):
        raise InvalidInput(f"What is {path} to be?", next_step="Give a VALUE, or --default.")
    leaf = next((one for one in settings_leaves() if one.path == path), None)
    is_list = leaf is not None and leaf.type == "list"
    if len(value or ()) > 1 and not is_list:
        raise InvalidInput(
            f"{path} takes one value, not {len(value or ())}.", next_step="Put a value with blanks in quotes."
        )
    typed = {path: "\n".join(value or ())}
    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine:
        change, _ = save_edit(
            configuration, engine, customer,
            lambda document: without(document, path) if default else with_typed(document, typed),
            by=editor(), note=note, apply=not no_apply, dry_run=dry_run,
        )  # fmt: skip
    if as_json:
        print_json({**_as_json(change), "saved": not dry_run})
    else:
        print_change(customer, change, dry_run=dry_run)


@cli_errors
def export(
    customer: CustomerKey,
    file: Annotated[
        Path | None, typer.Argument(help="Where to write. Default: standard output.", show_default=False)
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Default: as the file is named; JSON.")
    ] = None,
) -> None:
    """Write CUSTOMER's settings as a file for `settings import`, without the environment's defaults.

    Left out are ServiceNow's custom fields that are named as the table prefix makes them: they follow it.
    """
    from kpi_platform.dashboard.settings_versions import current_settings
    from kpi_platform.domain.settings import whole_document

    with dashboard(Configuration.from_environment()) as engine, engine.connect() as connection:
        stored = current_settings(connection, customer)
    document = whole_document(stored.document if stored else {})
    text = as_text(document, form or (format_of(file) if file else "json"))
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")
        console.print(f"Wrote {file}", highlight=False)


@cli_errors
def import_(
    customer: CustomerKey,
    file: File,
    no_apply: NoApply = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    note: Annotated[str, typer.Option(help="Why; kept with the version.")] = "",
    as_json: Json = False,
) -> None:
    """Make FILE the settings of CUSTOMER: check, change Fivetran, store as a new version.

    Takes files of older set-ups, too, and says what it renamed. What FILE leaves out, or only repeats, is at
    its default, also when that changes later. If anything is wrong, or Fivetran refuses, nothing is stored.
    """
    from kpi_platform.pipeline.change_settings import change_settings

    configuration = Configuration.from_environment()
    imported = _imported(file, configuration)
    with dashboard(configuration) as engine:
        change = change_settings(
            configuration, engine, customer, imported.document,
            by=editor(), note=note or f"Imported from {file.name}.", apply=not no_apply, dry_run=dry_run,
        )  # fmt: skip
    if as_json:
        print_json({"renamed": imported.renamed, **_as_json(change), "saved": not dry_run})
        return
    print_renamed(imported)
    print_change(customer, change, dry_run=dry_run)


@cli_errors
def validate(file: File, as_json: Json = False) -> None:
    """Check a settings file without a customer. Errors: exit code 1, and each with its field."""
    imported = _imported(file, Configuration.from_environment())
    if as_json:
        print_json({"valid": True, "renamed": imported.renamed})
        return
    print_renamed(imported)
    console.print(f"[green]✓[/] {file.name} is valid.", highlight=False)


@cli_errors
def history(customer: CustomerKey, as_json: Json = False) -> None:
    """List the versions of CUSTOMER's settings, newest first: when, who, and what changed."""
    from kpi_platform.dashboard.settings_versions import settings_history

    with dashboard(Configuration.from_environment()) as engine, engine.connect() as connection:
        versions = settings_history(connection, customer)
    if as_json:
        print_json(versions)
        return
    documents = [version.document for version in versions[1:]] + [{}]
    rows = [
        (
            version.version,
            version.saved_at,
            version.saved_by,
            version.note,
            changed_lines(before, version.document),
        )
        for version, before in zip(versions, documents, strict=True)
    ]
    print_table(f"Settings of {customer}", ("version", "saved", "by", "note", "changes"), rows)


@cli_errors
def restore(
    customer: CustomerKey,
    version: Annotated[int, typer.Argument(help="Version to go back to.", show_default=False)],
    no_apply: NoApply = False,
    as_json: Json = False,
) -> None:
    """Make an earlier VERSION the newest one again."""
    from kpi_platform.pipeline.change_settings import restore_settings

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine:
        change = restore_settings(configuration, engine, customer, version, by=editor(), apply=not no_apply)
    if as_json:
        print_json(_as_json(change))
    else:
        print_change(customer, change)


@cli_errors
def apply(customer: CustomerKey, as_json: Json = False) -> None:
    """Tell Fivetran all of CUSTOMER's settings again: schedule, frequency, pause, tables."""
    from kpi_platform.pipeline.apply_settings import apply_settings
    from kpi_platform.pipeline.customer_settings import effective_settings

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine, engine.connect() as connection:
        settings = effective_settings(configuration, connection, customer)
    applied = apply_settings(configuration, None, settings)
    if as_json:
        print_json(applied)
    else:
        print_applied(applied)


@cli_errors
def docs() -> None:
    """Print the reference page of all settings."""
    from kpi_platform.domain.settings.reference import settings_reference

    typer.echo(settings_reference(), nl=False)


def _imported(file: Path, configuration: Configuration) -> "ImportedSettings":
    """The file in the names of today, checked as far as that goes without a customer."""
    from kpi_platform.domain.legacy_settings import import_settings

    imported = import_settings(read_document(file))
    imported.parse(configuration.environment, single_customer=False)
    return imported


def _as_json(change: "SettingsChange") -> dict[str, Any]:
    return {"version": change.version, "changes": change.changes, "applied": change.applied}
