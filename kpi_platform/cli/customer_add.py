"""`kpi-platform customer add` and `connect`: new customers, and connections for them in Fivetran."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kpi_platform.cli.arguments import CustomerKey
from kpi_platform.cli.dashboard import dashboard, editor
from kpi_platform.cli.output import cli_errors, console, error_console, print_json, print_table
from kpi_platform.cli.settings_files import read_document
from kpi_platform.cli.settings_tables import print_applied, print_change
from kpi_platform.cli.source_options import Said, with_source_options
from kpi_platform.configuration import Configuration
from kpi_platform.domain.sources import SOURCES, Source

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kpi_platform.pipeline.adoption import PlannedChange
    from kpi_platform.pipeline.change_settings import SettingsChange
    from kpi_platform.pipeline.onboarding import Confirm, Onboarding, WantedConnection


def _text(help: str) -> Any:
    return typer.Option(help=help, show_default=False)


Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Let adopted connections that are paused go on. Else they stay paused."),
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Change adopted connections in Fivetran without asking.")
]
Frequency = Annotated[int | None, _text("Minutes between two syncs of these connections.")]


@with_source_options
@cli_errors
def add(
    key: Annotated[
        str, typer.Argument(help="A small letter, then small letters, digits and '_'.", show_default=False)
    ],
    name: Annotated[str, typer.Option(help="Name to show. Default: the key.")] = "",
    settings: Annotated[
        Path | None, typer.Option(help="Settings file; - is standard input.", show_default=False)
    ] = None,
    said: Said = MappingProxyType({}),
    frequency: Frequency = None,
    no_apply: Annotated[
        bool, typer.Option("--no-apply", help="Only store the settings; do not call Fivetran.")
    ] = False,
    resume: Resume = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Add a customer: with its settings, and with connections in Fivetran, created or adopted. All of it, or
    nothing.

    Prints for each created connection the page on which the source's owner signs in. A customer that was
    removed comes back with its data.
    """
    from kpi_platform.pipeline.onboarding import create_customer

    configuration = Configuration.from_environment()
    given = _with_frequency(said, frequency)
    document = _document(settings)
    with dashboard(configuration) as engine:
        _say_what_ends(configuration, engine)
        if wanted := [] if no_apply else _wanted(given, resume):
            done = create_customer(
                configuration, engine, key, name or key, wanted,
                by=editor(), redirect_uri=_back_to(configuration), document=_with_schemas(document, given),
                confirm=_confirm(yes, as_json),
            )  # fmt: skip
            assert done is not None
            _say(key, done, as_json, added=True)
            return
        change = _add(configuration, engine, key, name or key, _with_options(document, given), no_apply)
    if as_json:
        version = change.version if change else None
        applied = change.applied if change else ()
        print_json({"key": key, "name": name or key, "settings_version": version, "applied": applied})
        return
    if change:
        print_change(key, change)
    console.print(f"[green]✓[/] Added customer {key}.", highlight=False)
    if not change:
        console.print(f"Next: kpi-platform customer connect {key} --create {SOURCES[0]}", highlight=False)


@with_source_options
@cli_errors
def connect(
    key: CustomerKey,
    said: Said = MappingProxyType({}),
    frequency: Frequency = None,
    resume: Resume = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Create connections of a customer in Fivetran, or adopt existing ones. All of them, or none."""
    from kpi_platform.domain.errors import InvalidInput
    from kpi_platform.pipeline.onboarding import connect_sources

    configuration = Configuration.from_environment()
    given = _with_frequency(said, frequency)
    wanted = _wanted(given, resume)
    if not wanted:
        raise InvalidInput(
            "Which source is to be connected?",
            next_step=f"Give --create {' or '.join(SOURCES)}, or the id of a connection that exists.",
        )
    with dashboard(configuration) as engine:
        done = connect_sources(
            configuration, engine, key, wanted,
            by=editor(), redirect_uri=_back_to(configuration), confirm=_confirm(yes, as_json),
        )  # fmt: skip
    _say(key, done, as_json, added=False)


def _with_frequency(said: Said, frequency: int | None) -> dict[Source, dict[str, Any]]:
    further = {} if frequency is None else {"sync_frequency_minutes": frequency}
    return {source: {**one, **further} for source, one in said.items()}


def _confirm(yes: bool, as_json: bool) -> "Confirm":
    """Shows what would change in Fivetran, and asks if somebody sits at the terminal."""

    def confirm(changes: "Sequence[PlannedChange]") -> bool:
        from kpi_platform.domain.errors import NotConfirmed

        if yes:
            return True
        words = [change.words for change in changes]
        if as_json or not sys.stdin.isatty():
            raise NotConfirmed(
                f"This changes connections in Fivetran: {'; '.join(words)}.",
                next_step="Give --yes to change them.",
                details={"changes": words},
            )
        rows = [(one.source, one.connection_id, one.setting, one.now, one.then) for one in changes]
        print_table("To be changed in Fivetran", ("source", "connection", "setting", "now", "then"), rows)
        return typer.confirm("Change these?")

    return confirm


def _wanted(given: Said, resume: bool) -> "list[WantedConnection]":
    """Those that are created or adopted."""
    from kpi_platform.pipeline.onboarding import WantedConnection

    return [
        WantedConnection(
            source, said.get("connection_id"), said.get("schema"), said.get("sync_frequency_minutes"),
            said.get("instance_url"), resume,
        )
        for source in SOURCES
        if (said := given.get(source, {})).get("create") or said.get("connection_id")
    ]  # fmt: skip


def _with_options(document: Mapping[str, Any], given: Said) -> dict[str, Any]:
    """The settings with those of the options on top."""
    merged = dict(document)
    for source, said in given.items():
        options = {name: value for name, value in said.items() if name != "create"}
        merged[source] = {**(merged.get(source) or {}), **options}
    return merged


def _with_schemas(document: Mapping[str, Any], given: Said) -> dict[str, Any]:
    """The settings with the options of sources that are neither created nor adopted."""
    connected = {source for source, said in given.items() if said.get("create") or said.get("connection_id")}
    return _with_options(document, {s: said for s, said in given.items() if s not in connected})


def _add(
    configuration: Configuration,
    engine: "sa.Engine",
    key: str,
    name: str,
    document: Mapping[str, Any],
    no_apply: bool,
) -> "SettingsChange | None":
    from kpi_platform.pipeline.change_settings import change_settings
    from kpi_platform.pipeline.onboarding import create_customer

    if not document:
        create_customer(configuration, engine, key, name, by=editor(), redirect_uri=_back_to(configuration))
        return None
    return change_settings(
        configuration, engine, key, document,
        by=editor(), note="Customer added.", apply=not no_apply, add_as=name,
    )  # fmt: skip


def _say(key: str, done: "Onboarding", as_json: bool, *, added: bool) -> None:
    if as_json:
        print_json({"key": key, "settings_version": done.settings.version, "connections": done.sources})
        return
    print_applied(done.settings.applied)
    rows = [
        (one.source, one.connection_id, one.schema, "created" if one.created else "adopted", one.setup_state)
        for one in done.sources
    ]
    print_table("Connections", ("source", "connection", "schema", "", "set up"), rows)
    if added:
        console.print(f"[green]✓[/] Added customer {key}.", highlight=False)
    for one in done.sources:
        if one.connect_card_url is not None:
            console.print(
                f"Send this page to the owner of {one.source}, who signs in there (valid for a day):\n"
                f"  {one.connect_card_url}",
                highlight=False, markup=False, soft_wrap=True,
            )  # fmt: skip


def _back_to(configuration: Configuration) -> str:
    return f"{configuration.web_url}/settings"


def _say_what_ends(configuration: Configuration, engine: "sa.Engine") -> None:
    """A second customer ends the time of variables that name a connection."""
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.domain.settings import settings_leaves

    paths = {f"{source}.connection_id" for source in SOURCES}
    variables = [leaf.environment for leaf in settings_leaves() if leaf.path in paths]
    named = [name for name in variables if name and configuration.get(name)]
    with engine.connect() as connection:
        customers = list_customers(connection)
    if named and len(customers) == 1:
        error_console.print(
            f"From two customers on, {' and '.join(named)} no longer count: state the connections of "
            f"{customers[0].key} in its settings.",
            highlight=False,
            soft_wrap=True,
        )


def _document(file: Path | None) -> dict[str, Any]:
    """The settings of the file; empty if there is none."""
    from kpi_platform.domain.legacy_settings import import_settings

    if file is None:
        return {}
    imported = import_settings(read_document(file))
    imported.parse({}, single_customer=False)
    return imported.document
