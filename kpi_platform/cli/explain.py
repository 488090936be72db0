"""`kpi-platform explain`: how a number was computed, and from which rows."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kpi_platform.cli.arguments import CustomerKey
from kpi_platform.cli.output import cli_errors, console, print_json, print_line, print_table
from kpi_platform.configuration import Configuration
from kpi_platform.domain.account_names import shown_name
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.kpis import unreadable_rows

if TYPE_CHECKING:
    from kpi_platform.pipeline.explain import Explanation
    from kpi_platform.pipeline.explain_accounts import AccountsExplanation
    from kpi_platform.pipeline.revenue_lines import RevenueLine


def register(app: typer.Typer) -> None:
    @app.command()
    @cli_errors
    def explain(
        customer: CustomerKey,
        account: Annotated[
            str | None, typer.Argument(help="Id or name of the account.", show_default=False)
        ] = None,
        kpi: Annotated[
            str | None, typer.Argument(help="The KPI, for example csat.", show_default=False)
        ] = None,
        accounts: Annotated[
            bool,
            typer.Option(
                "--accounts", help="Explain instead which accounts do not count, and what cannot be read."
            ),
        ] = False,
        as_of: Annotated[
            str | None,
            typer.Option(help="Explain the value of this instant (ISO 8601). Default: the newest."),
        ] = None,
        rows: Annotated[int, typer.Option(min=0, help="Rows or accounts to show at most.")] = 20,
        as_json: Annotated[bool, typer.Option("--json", help="Print the explanation as JSON.")] = False,
    ) -> None:
        """Explain one KPI value of an account: formula, parts, window, source rows, and what was left out.

        With --accounts, explain which accounts of CUSTOMER do not count, and which values cannot be read."""
        from kpi_platform.dashboard.database import open_dashboard, require_current_schema
        from kpi_platform.domain.as_of_range import parse_as_of
        from kpi_platform.pipeline.explain import explain as explain_value
        from kpi_platform.pipeline.explain_accounts import explain_accounts

        configuration = Configuration.from_environment()
        engine = open_dashboard(configuration)
        require_current_schema(engine)
        if accounts:
            if account or kpi or as_of:
                raise InvalidInput(
                    "--accounts explains all accounts of the newest values.",
                    next_step="Leave account, KPI and --as-of, or leave --accounts.",
                )
            of_customer = explain_accounts(configuration, engine, customer, rows=rows)
            if as_json:
                print_json(of_customer)
            else:
                print_accounts(of_customer)
            return
        if account is None or kpi is None:
            raise InvalidInput(
                "There is nothing to explain.", next_step="Name an account and a KPI, or give --accounts."
            )
        moment = parse_as_of(as_of) if as_of else None
        explanation = explain_value(configuration, engine, customer, account, kpi, moment, rows=rows)
        if as_json:
            print_json(explanation)
        else:
            print_explanation(explanation)


def print_accounts(explanation: "AccountsExplanation") -> None:
    """Prints how many accounts count, which do not and why, and the columns that hold what cannot be read."""
    counting = explanation.counting
    verb = "account counts" if counting == 1 else "accounts count"
    print_line(f"{counting:,} {verb} for {explanation.customer}.")
    print_line(explanation.sentence)
    if explanation.accounts:
        heads = ("account", "name", "type", "reason", "link")
        rows = [(one.account_id, one.name, one.type, one.reason, one.url) for one in explanation.accounts]
        print_table(f"Accounts that do not count ({len(rows)} shown)", heads, rows)
    if explanation.unreadable:
        columns = [tuple(row.values()) for row in explanation.unreadable]
        print_table("What cannot be read", ("table", "column", "rows", "for example"), columns)


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
        *([("Basis", explanation.basis)] if explanation.basis else []),
        *([("Age", explanation.age)] if explanation.age else []),
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
    title = f"{explanation.display_name} of {name} ({explanation.customer})"
    print_table(title, ("", ""), parts, styles=("bold",))
    if explanation.left_out:
        print_table(
            "Left out",
            ("reason", "rows", "for example"),
            [(reason, rows, _example(explanation, reason)) for reason, rows in explanation.left_out.items()],
        )
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
    if explanation.lines:
        heads = ("line", "kind", "start", "end", "until", "ended by", "amount", "ARR", "remark")
        print_table("Recurring revenue", heads, [_line(one) for one in explanation.lines])
    total = explanation.counted + sum(explanation.left_out.values())
    if total > len(explanation.rows):
        console.print(f"{len(explanation.rows)} of {total} rows shown; --rows shows more.")


def _line(one: "RevenueLine") -> tuple[Any, ...]:
    days = (f"{at:%Y-%m-%d}" if at else "open" for at in (one.start, one.end, one.until))
    return (
        one.id,
        one.kind,
        *days,
        one.ended_by or "",
        _number(one.amount),
        _number(one.arr),
        one.reason or "",
    )


def _example(explanation: "Explanation", reason: str) -> str | None:
    row = explanation.left_out_examples.get(reason)
    return f"{row.table} {row.id}" if row else None


def _number(value: float | None, unit: str = "") -> str | None:
    if value is None:
        return None
    return f"{value:,.4f}".rstrip("0").rstrip(".") + (f" {unit}" if unit else "")


def _factor(weight: float | None) -> str:
    if weight is None:
        return "unknown"
    return f"{weight:g} points" if weight else "no risk"
