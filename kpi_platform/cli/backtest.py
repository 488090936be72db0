"""`kpi-platform backtest`: did the health score foretell who leaves?"""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_platform.cli.arguments import CustomerKey
from kpi_platform.cli.output import cli_errors, error_console, print_json, print_line, print_table
from kpi_platform.configuration import Configuration

if TYPE_CHECKING:
    from kpi_platform.domain.backtest.report import BacktestReport


def register(app: typer.Typer) -> None:
    @app.command()
    @cli_errors
    def backtest(
        customer: CustomerKey,
        first: Annotated[
            str, typer.Option("--from", help="The first instant, such as 2025-01-01.", show_default=False)
        ],
        last: Annotated[str, typer.Option("--to", help="The last instant, at most.", show_default=False)],
        horizon: Annotated[
            int, typer.Option(help="Days after an instant in which an account may leave.")
        ] = 180,
        gap: Annotated[int, typer.Option(help="Days after an instant before the horizon begins.")] = 0,
        every: Annotated[str, typer.Option(help="From one instant to the next: months or days.")] = "1 month",
        settings_version: Annotated[
            int | None,
            typer.Option(min=1, help="Version of the settings. Default: the newest."),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    ) -> None:
        """Hold the health score of the past against who left afterwards. Shown values stay as they are.

        The report is kept, and shown on the page Back-test. Ctrl-C, or the page, cancels it; after a kill a
        web app that runs goes on with it."""
        from kpi_platform.dashboard.backtests import add_backtest, end_backtest, report_of_backtest
        from kpi_platform.dashboard.database import open_dashboard, reading, require_current_schema
        from kpi_platform.domain.as_of_range import parse_as_of
        from kpi_platform.domain.backtest.spec import BacktestSpec
        from kpi_platform.pipeline.backtest.run import run_backtest

        configuration = Configuration.from_environment()
        spec = BacktestSpec(parse_as_of(first), parse_as_of(last), every, horizon, gap, settings_version)
        engine = open_dashboard(configuration)
        require_current_schema(engine)
        with engine.begin() as connection:
            asked = add_backtest(connection, customer, spec, who="command line")

        def leave() -> None:
            error_console.print("The back-test was cancelled.")
            os._exit(1)

        with error_console.status("Computing …") as status:
            try:
                run_backtest(
                    configuration, engine, asked.id, on_cancel=leave,
                    on_progress=lambda done, total: status.update(f"Computed {done} of {total} days …"),
                )  # fmt: skip
            except KeyboardInterrupt:
                with engine.begin() as connection:
                    end_backtest(connection, asked.id, "cancelled")
                raise
        with reading(engine) as connection:
            report = report_of_backtest(connection, customer, asked.id)
        assert report is not None
        if as_json:
            print_json({"id": asked.id, **report.model_dump(mode="json")})
        else:
            print_report(report, horizon)
            print_line(f"Kept as back-test {asked.id}.")


def print_report(report: "BacktestReport", horizon_days: int) -> None:
    """Prints what was looked at, how well the score foretold, each input, and who left unseen."""
    from kpi_platform.domain.backtest.words import sentences

    for sentence in sentences(report, horizon_days):
        print_line(sentence)
    rows = [
        ("Accounts", report.counts.population.accounts),
        ("Rows: an account at an instant", report.counts.population.account_times),
        ("  whose outcome cannot be known", report.counts.censored.account_times),
        ("  without a score", report.counts.unscored.account_times),
        ("  of accounts that left", report.counts.churned.account_times),
        ("Base rate", _percent(report.counts.base_rate)),
        ("AUC (0.5: chance, 1: always right)", _figure(report.auc)),
        ("Lift of the lowest tenth", _figure(report.lift.lift)),
        ("Precision of at risk", _percent(report.at_risk.precision)),
        ("Recall of at risk", _percent(report.at_risk.recall)),
    ]
    print_table("Back-test", ("", ""), rows, styles=("bold",), right=("",))
    heads = ("band", "rows", "left", "rate", "95 % from", "to")
    bands = [
        (
            one.band.replace("_", " "),
            one.account_times,
            one.churned,
            *map(_percent, (one.rate, one.low, one.high)),
        )
        for one in report.bands
    ]
    print_table("By band", heads, bands, right=heads[1:])
    inputs = [(one.name.replace("_", " "), _figure(one.auc), one.known, one.churned) for one in report.inputs]
    print_table(
        "AUC of each input", ("input", "AUC", "known", "left"), inputs, right=("AUC", "known", "left")
    )
    if report.missed:
        missed = [
            (one.account_name or one.account_id, one.t, one.score, one.outcome_date) for one in report.missed
        ]
        print_table("Healthy, and left", ("account", "last healthy", "score", "left"), missed)


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.1f} %"


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"
