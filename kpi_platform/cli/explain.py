"""`kpi-platform explain`: how a number was computed, and from which rows."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration
from kpi_platform.domain.account_names import shown_name
from kpi_platform.domain.kpis import unreadable_rows

if TYPE_CHECKING:
    from kpi_platform.pipeline.explain import Explanation


def register(app: typer.Typer) -> None:
    @app.command()
    @cli_errors
    def explain(
        customer: Annotated[str, typer.Argument(help="Key of the customer.", show_default=False)],
        account: Annotated[str, typer.Argument(help="Id or name of the account.", show_default=False)],
        kpi: Annotated[str, typer.Argument(help="The KPI, for example csat.", show_default=False)],
        as_of: Annotated[
            str | None,
            typer.Option(help="Explain the value of this instant (ISO 8601). Default: the newest."),
        ] = None,
        rows: Annotated[int, typer.Option(min=0, help="Source rows to show at most.")] = 20,
        as_json: Annotated[bool, typer.Option("--json", help="Print the explanation as JSON.")] = False,
    ) -> None:
        """Explain one KPI value of an account: formula, parts, window, source rows, and what was left out."""
        from kpi_platform.dashboard.database import open_dashboard, require_current_schema
        from kpi_platform.domain.as_of_range import parse_as_of
        from kpi_platform.pipeline.explain import explain as explain_value

        configuration = Configuration.from_environment()
        engine = open_dashboard(configuration)
        require_current_schema(engine)
        moment = parse_as_of(as_of) if as_of else None
        explanation = explain_value(configuration, engine, customer, account, kpi, moment, rows=rows)
        if as_json:
            print_json(explanation)
        else:
            print_explanation(explanation)


def print_explanation(explanation: "Explanation") -> None:
    """Prints the explanation as tables: the value and its parts, what was left out, the source rows."""
    name = shown_name(explanation.account_name, explanation.account_id)
    window = f"{explanation.window_end:%Y-%m-%d %H:%M} UTC"
    if explanation.window_start:
        window = f"{explanation.window_start:%Y-%m-%d %H:%M} UTC to {window}, the end not included"
    unreadable = []
    if explanation.unreadable_count:
        rows = unreadable_rows(explanation.unreadable_count, explanation.sample_size or 0)
        unreadable = [("Unreadable", rows)]
    parts: list[tuple[Any, ...]] = [
        ("Value", _number(explanation.value, explanation.unit)),
        ("Status", explanation.status),
        ("Formula", explanation.formula),
        ("Measured in", ", ".join(explanation.models)),
        ("Numerator", _number(explanation.numerator)),
        ("Denominator", _number(explanation.denominator)),
        ("Sample size", explanation.sample_size),
        *unreadable,
        ("Window" if explanation.window_start else "As it was at", window),
        ("Account id", explanation.account_id),
    ]
    parts += [
        (f"  {factor.removesuffix('_risk').replace('_', ' ')}", _factor(weight))
        for factor, weight in explanation.factors.items()
    ]
    table = Table(
        title=escape(f"{explanation.display_name} of {name} ({explanation.customer})"),
        title_justify="left",
        show_header=False,
    )
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for label, value in parts:
        table.add_row(label, "–" if value is None else escape(str(value)))
    console.print(table)
    if explanation.left_out:
        print_table("Left out", ("reason", "rows"), list(explanation.left_out.items()))
    if explanation.rows:
        print_table(
            "Source rows",
            ("table", "id", "time", "numerator", "denominator", "left out because", "link"),
            [
                (
                    row.table,
                    row.id,
                    row.event_time,
                    _number(row.numerator),
                    _number(row.denominator),
                    row.left_out_reason or "",
                    row.url,
                )
                for row in explanation.rows
            ],
        )
    total = explanation.counted + sum(explanation.left_out.values())
    if total > len(explanation.rows):
        console.print(f"{len(explanation.rows)} of {total} rows shown; --rows shows more.")


def _number(value: float | None, unit: str = "") -> str | None:
    if value is None:
        return None
    return f"{value:,.4f}".rstrip("0").rstrip(".") + (f" {unit}" if unit else "")


def _factor(weight: float | None) -> str:
    if weight is None:
        return "unknown"
    return f"{weight:g} points" if weight else "no risk"
