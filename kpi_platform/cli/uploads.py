"""`kpi-platform uploads …`: what was loaded, what it changed, and taking it back."""

from typing import TYPE_CHECKING, Annotated

import typer

from kpi_platform.cli.arguments import CustomerKey
from kpi_platform.cli.dashboard import dashboard, who
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration

if TYPE_CHECKING:
    from kpi_platform.dashboard.uploads import Upload

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Limit = Annotated[int, typer.Option(min=1, help="Show at most so many.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="List the uploads of a customer, compare them, take one back."
    )
    app.add_typer(group, name="uploads")
    for name, command in (("list", list_), ("diff", diff), ("rollback", rollback), ("release", release)):
        group.command(name=name)(command)


@cli_errors
def list_(customer: CustomerKey, limit: Limit = 20, as_json: Json = False) -> None:
    """List the uploads, newest first, with what each changed."""
    from kpi_platform.dashboard.database import reading
    from kpi_platform.dashboard.load_holds import open_hold
    from kpi_platform.dashboard.uploads import list_uploads

    with dashboard(Configuration.from_environment()) as engine, reading(engine) as connection:
        uploads = list_uploads(connection, customer, limit=limit)
        held = open_hold(connection, customer)
    if as_json:
        print_json(uploads)
        return
    if held is not None:
        state = "released, and comes with the next load" if held.released_at else "held"
        console.print(f"The load as of {held.as_of.isoformat()} is {state}: {' '.join(held.reasons)}")
    columns = ("upload", "what", "status", "as of", "new", "changed", "unchanged", "retired", "by", "at")
    print_table(f"Uploads of {customer}", columns, [_row(upload) for upload in uploads])


@cli_errors
def diff(
    customer: CustomerKey,
    first: Annotated[
        int, typer.Argument(min=0, help="An upload; 0 is before the first.", show_default=False)
    ],
    second: Annotated[int, typer.Argument(min=0, help="Another one.", show_default=False)],
    limit: Limit = 1000,
    as_json: Json = False,
) -> None:
    """Show which values the dashboard showed after SECOND and not after FIRST: changed, new, retired."""
    from kpi_platform.dashboard.database import reading
    from kpi_platform.dashboard.upload_diff import diff_uploads

    with dashboard(Configuration.from_environment()) as engine, reading(engine) as connection:
        found = diff_uploads(connection, customer, first, second, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.account_name,
            one.kpi,
            one.kind,
            one.before_status if one.before is None else f"{one.before:g}",
            one.after_status if one.after is None else f"{one.after:g}",
        )
        for one in found.values
    ]
    print_table(f"Upload {first} → {second}", ("account", "KPI", "what", "before", "after"), rows)
    console.print(", ".join(f"{number} {kind}" for kind, number in found.counts.items()), highlight=False)


@cli_errors
def rollback(
    customer: CustomerKey,
    version: Annotated[int, typer.Argument(min=1, help="The upload to take back.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Take an upload back, with all later ones: the dashboard shows again what it showed before VERSION.

    This is a new upload; taking that one back brings everything back.
    """
    from kpi_platform.dashboard.audit import record_event
    from kpi_platform.dashboard.rollback import rollback as take_back

    with dashboard(Configuration.from_environment()) as engine, engine.begin() as connection:
        upload = take_back(connection, customer, version, who=who())
        target = f"upload {version}"
        record_event(connection, who=who(), action="upload.rollback", target=target, customer=customer)
    if as_json:
        print_json(upload)
        return
    taken = (
        f"upload {version}" if upload.version == version + 1 else f"uploads {version} to {upload.version - 1}"
    )
    console.print(
        f"Took back {taken} of {customer} as upload {upload.version}: {upload.kpis_updated} values restored, "
        f"{upload.kpis_retired} gone.",
        highlight=False,
    )


@cli_errors
def release(customer: CustomerKey, as_json: Json = False) -> None:
    """Let a load through that was held because it would do harm, such as one without most of the accounts."""
    from kpi_platform.dashboard.load_holds import release_hold

    with dashboard(Configuration.from_environment()) as engine, engine.begin() as connection:
        released = release_hold(connection, customer, who=who())
    if as_json:
        print_json(released)
        return
    console.print(
        f"Released what was held of {customer}: {' '.join(released.reasons)} A running daemon loads it now; "
        f"without one: kpi-platform run {customer} --skip-sync",
        highlight=False,
    )


def _row(upload: "Upload") -> tuple[object, ...]:
    what = upload.kind if upload.took_back is None else f"rollback to before {upload.took_back}"
    return (
        upload.version,
        what,
        upload.status.replace("_", " "),
        upload.as_of,
        upload.kpis_inserted,
        upload.kpis_updated,
        upload.kpis_unchanged,
        upload.kpis_retired,
        upload.uploaded_by,
        upload.finished_at,
    )
