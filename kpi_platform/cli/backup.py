"""`kpi-platform backup` and `restore`: the embedded default as one file."""

from pathlib import Path
from typing import Annotated

import typer

from kpi_platform.cli.output import cli_errors, console, print_json
from kpi_platform.cli.ports import DAGSTER_PORT, WEB_PORT, require_free_port
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import Conflict

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def register(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


@cli_errors
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, a zip.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Write all local state to one file while the platform works: dashboard, warehouse, Dagster, Fivetran.

    It holds the installation's keys and all customers' data: keep it as you keep those. PostgreSQL is backed
    up with its own tools: docs/operations.md.
    """
    from kpi_platform.pipeline.backup import write_backup

    written = write_backup(Configuration.from_environment(), file)
    if as_json:
        print_json({"file": str(file), "backup": written})
        return
    console.print(
        f"[green]✓[/] {file}: {len(written.files)} files, {written.size / 1e6:,.1f} MB before packing, "
        f"schema version {written.revision or 'none'}.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


@cli_errors
def restore(
    file: Annotated[Path, typer.Argument(help="A file of `kpi-platform backup`.", show_default=False)],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of what is there, which is kept beside it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a backup in place and bring it to the schema of this program. Stop the platform first.

    Nothing is touched before all of it was found right. If it is refused, the home is as it was before.
    """
    from dagster import DagsterInstance

    from kpi_platform.defs.instance import prepare_dagster_home
    from kpi_platform.local.port import serves
    from kpi_platform.pipeline.restore import read_backup, restore_backup

    def prepare_dagster(restoring: Configuration) -> None:
        with DagsterInstance.from_config(str(prepare_dagster_home(restoring))) as instance:
            instance.upgrade()

    configuration = Configuration.from_environment()
    require_free_port("web app", WEB_PORT)
    require_free_port("Dagster", DAGSTER_PORT)
    if configuration.uses_local_fivetran and configuration.home.is_dir() and serves(configuration):
        raise Conflict(
            f"The local Fivetran of {configuration.home} is running.",
            next_step="End `kpi-platform up`, and restore again.",
        )
    restored = read_backup(file)
    before = restore_backup(configuration, file, replace=replace, prepare=prepare_dagster)
    if as_json:
        print_json({"home": str(configuration.home), "before": before and str(before), "backup": restored})
        return
    console.print(
        f"[green]✓[/] Restored what was backed up on {restored.created_at:%Y-%m-%d %H:%M} UTC by "
        f"kpi_platform {restored.program}. Next: kpi-platform doctor",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if before is not None:
        console.print(f"What was there before is in {before}.", highlight=False, soft_wrap=True)
