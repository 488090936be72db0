"""`kpi-platform status`: how every customer does, a row for each, and what is open."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from kpi_platform.cli.arguments import OptionalCustomer
from kpi_platform.cli.dashboard import dashboard
from kpi_platform.cli.output import cli_errors, console, print_json, print_line, print_table
from kpi_platform.configuration import Configuration
from kpi_platform.domain.sources import SOURCE_SYSTEMS

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kpi_platform.dashboard.customer_states import CustomerState
    from kpi_platform.dashboard.figures import Figure
    from kpi_platform.domain.sync_ends import SyncEnds

_ALERTS_SHOWN = 20


def register(app: typer.Typer) -> None:
    app.command()(status)


@cli_errors
def status(
    customer: OptionalCustomer = None,
    show_figures: Annotated[
        bool, typer.Option("--figures", help="Show the figures of /metrics instead of the rows.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Show for each customer how fresh its data is, what was loaded, what failed and what waits for
    somebody."""
    from kpi_platform.dashboard.customer_states import customer_states
    from kpi_platform.dashboard.database import reading
    from kpi_platform.dashboard.figures import figures
    from kpi_platform.pipeline.state_files import damaged_files

    configuration = Configuration.from_environment()
    for damage in damaged_files(configuration):
        raise damage
    with dashboard(configuration) as engine, reading(engine) as connection:
        states = customer_states(connection, customer)
        calls = configuration.fivetran_calls_per_hour
        wants_figures = show_figures or as_json
        found = figures(connection, customer, calls_per_hour=calls) if wants_figures else []
        alerts = list(_alerts(connection, customer))
    if as_json:
        print_json({"customer": customer, "customers": states, "figures": _document(found), "alerts": alerts})
        return
    if show_figures:
        title = f"Figures of {customer or 'all customers'}"
        print_table(title, ("what", "which", "value"), list(_rows(found)))
    elif states:
        _print_states(states)
    else:
        print_line("There are no customers yet. Next: kpi-platform customer add KEY")
    for alert in alerts[:_ALERTS_SHOWN]:
        when = f"{alert['customer']}, since {alert['since']:%Y-%m-%d %H:%M} UTC: "
        console.print(Text.assemble("\n", ("✗ ", "red"), when, alert["text"]))
        console.print(Text(f"  {alert['next_step']} More: {alert['runbook']}"))
    if len(alerts) > _ALERTS_SHOWN:
        print_line(f"\nAnd {len(alerts) - _ALERTS_SHOWN:,} more alerts: kpi-platform alert list CUSTOMER")
    if not alerts:
        console.print("No alert is open.", highlight=False)


def _print_states(states: "Iterable[CustomerState]") -> None:
    now = datetime.now(UTC)
    heads = (
        "customer",
        *(one.title for one in SOURCE_SYSTEMS.values()),
        "loaded",
        "review",
        "checks",
        "alerts",
    )
    rows = [
        (
            one.customer,
            *(_synced(one.syncs.get(source), now) for source in SOURCE_SYSTEMS),
            _loaded(one, now),
            one.in_review,
            one.findings,
            one.alerts,
        )
        for one in states
    ]
    print_table("Customers", heads, rows, right=("review", "checks", "alerts"))
    console.print(
        "Times since the last sync and load; accounts to review, checks that did not pass, open alerts.",
        highlight=False,
    )


def _synced(ends: "SyncEnds | None", now: datetime) -> str | None:
    if ends is None or (ends.succeeded_at is None and ends.failed_at is None):
        return None
    if ends.last_failed:
        assert ends.failed_at is not None
        return f"failed {_age(ends.failed_at, now)}"
    assert ends.succeeded_at is not None
    return _age(ends.succeeded_at, now)


def _loaded(one: "CustomerState", now: datetime) -> str | None:
    if one.is_held:
        return "held"
    return f"v{one.upload}, {_age(one.loaded_at, now)}" if one.loaded_at else None


def _age(at: datetime, now: datetime) -> str:
    """Returns the time since then in its largest unit, without a blank inside."""
    seconds = max(0, round((now - at).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


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
