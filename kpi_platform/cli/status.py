"""`kpi-platform status`: how the platform does, in the figures of /metrics, and what is open."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kpi_platform.cli.dashboard import dashboard
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kpi_platform.dashboard.figures import Figure

_ALERTS_SHOWN = 20


def register(app: typer.Typer) -> None:
    app.command()(status)


@cli_errors
def status(
    customer: Annotated[
        str | None, typer.Argument(help="Key of a customer. Default: all of them.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Show how fresh the data is, what was loaded, what failed and what waits for somebody."""
    from kpi_platform.dashboard.database import reading
    from kpi_platform.dashboard.figures import figures
    from kpi_platform.pipeline.state_files import damaged_files

    configuration = Configuration.from_environment()
    for damage in damaged_files(configuration):
        raise damage
    with dashboard(configuration) as engine, reading(engine) as connection:
        found = figures(connection, customer, calls_per_hour=configuration.fivetran_calls_per_hour)
        alerts = list(_alerts(connection, customer))
    if as_json:
        print_json({"customer": customer, "figures": _document(found), "alerts": alerts})
        return
    print_table(f"Status of {customer or 'all customers'}", ("what", "which", "value"), list(_rows(found)))
    if alerts:
        heads = ("customer", "since", "kind", "text", "next_step", "runbook")
        shown = [tuple(alert[head] for head in heads) for alert in alerts[:_ALERTS_SHOWN]]
        print_table(f"Open alerts ({len(shown)} of {len(alerts)})", heads, shown)
    else:
        console.print("No alert is open.", highlight=False)


def _alerts(connection: "sa.Connection", customer: str | None) -> Iterator[dict[str, Any]]:
    """The open alerts, the oldest first."""
    from kpi_platform.dashboard.alerts import open_alerts
    from kpi_platform.dashboard.figures import alerts_everywhere
    from kpi_platform.domain.alerts import runbook

    if customer is None:
        found = alerts_everywhere(connection)
    else:
        found = [(customer, alert) for alert in open_alerts(connection, customer)]
    for key, alert in found:
        yield {"customer": key, **asdict(alert), "runbook": runbook(alert.kind)}


def _document(found: "Iterable[Figure]") -> dict[str, list[dict[str, Any]]]:
    return {
        figure.name: [
            {**dict(zip(figure.labels, labels, strict=True)), "value": value}
            for labels, value in figure.values.items()
        ]
        for figure in found
    }


def _rows(found: "Iterable[Figure]") -> Iterator[tuple[Any, ...]]:
    for figure in found:
        what = figure.text.removesuffix(".")
        for labels, value in figure.values.items():
            seconds = figure.name.endswith("_seconds")
            shown = timedelta(seconds=round(value, 1 if value < 60 else 0)) if seconds else f"{value:,.0f}"
            yield what, ", ".join(labels), shown
            what = ""
