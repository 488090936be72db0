"""`kpi-platform doctor` checks everything that the platform needs, and says how to repair what is wrong.

The checks are in `doctor_checks.py`. This file runs them, and goes on if one raises.
"""

import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from kpi_platform.cli import doctor_checks
from kpi_platform.cli.doctor_checks import Check, Finding
from kpi_platform.cli.doctor_outside import addresses, claims
from kpi_platform.cli.output import console, print_json
from kpi_platform.configuration import Configuration
from kpi_platform.domain.damage import damage_of
from kpi_platform.domain.errors import KpiPlatformError

CHECKS: tuple[tuple[str, Check], ...] = (
    *doctor_checks.CHECKS,
    ("addresses", addresses),
    ("claims", claims),
)


def register(app: typer.Typer) -> None:
    @app.command()
    def doctor(
        as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    ) -> None:
        """Check versions, ports, connections and migrations, and say how to repair what is wrong.

        Exit code 0 when nothing failed; warnings do not count.
        """
        try:
            findings = list(examine(Configuration.from_environment()))
        except KpiPlatformError as error:
            findings = [Finding("configuration", "failed", error.operator_message, error.next_step)]
        if as_json:
            print_json([asdict(finding) for finding in findings])
        else:
            _print(findings)
        if any(finding.verdict == "failed" for finding in findings):
            raise typer.Exit(1)


def examine(configuration: Configuration) -> Iterator[Finding]:
    """Yields every finding, in the order of the flow. A check that raises an error has failed with it."""
    for name, check in CHECKS:
        yield from _guarded(name, check, configuration)


def _guarded(name: str, check: Check, configuration: Configuration) -> Iterator[Finding]:
    try:
        yield from check(configuration)
    except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the check has failed
        expected = error if isinstance(error, KpiPlatformError) else damage_of(error, configuration.home)
        if expected is not None:
            yield Finding(name, "failed", expected.operator_message, expected.next_step)
            return
        detail = f"{type(error).__name__}: {str(error) or 'no reason given'}"
        yield Finding(name, "failed", detail, _noted(error, configuration.home / "logs" / "doctor.log"))


def _noted(error: Exception, log: Path) -> str:
    """Writes an unexpected error to the log, and answers the next step."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)))
    except OSError as refused:
        return f"This is a fault of kpi_platform; report it. Its log {log} cannot be written: {refused}."
    return f"This is a fault of kpi_platform; report it with {log}."


def _print(findings: list[Finding]) -> None:
    marks = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}
    for finding in findings:
        told = f"{marks[finding.verdict]} [bold]{escape(finding.check)}[/]  {escape(finding.detail)}"
        console.print(told, highlight=False, soft_wrap=True)
        if finding.next_step and finding.verdict != "ok":
            console.print(f"    → {escape(finding.next_step)}", highlight=False, soft_wrap=True)
