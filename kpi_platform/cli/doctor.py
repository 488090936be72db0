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
from kpi_platform.cli.doctor_checks import Check, Diagnosis
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
        as_json: Annotated[bool, typer.Option("--json", help="Print the diagnoses as JSON.")] = False,
    ) -> None:
        """Check versions, ports, connections and migrations, and say how to repair what is wrong.

        Exit code 0 when nothing failed; warnings do not count.
        """
        try:
            diagnoses = list(examine(Configuration.from_environment()))
        except KpiPlatformError as error:
            diagnoses = [Diagnosis("configuration", "failed", error.operator_message, error.next_step)]
        if as_json:
            print_json([asdict(diagnosis) for diagnosis in diagnoses])
        else:
            _print(diagnoses)
        if any(diagnosis.verdict == "failed" for diagnosis in diagnoses):
            raise typer.Exit(1)


def examine(configuration: Configuration) -> Iterator[Diagnosis]:
    """Yields every diagnosis, in the order of the flow. A check that raises an error has failed with it."""
    for name, check in CHECKS:
        yield from _guarded(name, check, configuration)


def _guarded(name: str, check: Check, configuration: Configuration) -> Iterator[Diagnosis]:
    try:
        yield from check(configuration)
    except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the check has failed
        expected = error if isinstance(error, KpiPlatformError) else damage_of(error, configuration.home)
        if expected is not None:
            yield Diagnosis(name, "failed", expected.operator_message, expected.next_step)
            return
        detail = f"{type(error).__name__}: {str(error) or 'no reason given'}"
        yield Diagnosis(name, "failed", detail, _noted(error, configuration.home / "logs" / "doctor.log"))


def _noted(error: Exception, log: Path) -> str:
    """Writes an unexpected error to the log, and answers the next step."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)))
    except OSError as refused:
        return f"This is a fault of kpi_platform; report it. Its log {log} cannot be written: {refused}."
    return f"This is a fault of kpi_platform; report it with {log}."


def _print(diagnoses: list[Diagnosis]) -> None:
    marks = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}
    for diagnosis in diagnoses:
        line = f"{marks[diagnosis.verdict]} [bold]{escape(diagnosis.check)}[/]  {escape(diagnosis.detail)}"
        console.print(line, highlight=False, soft_wrap=True)
        if diagnosis.next_step and diagnosis.verdict != "ok":
            console.print(f"    → {escape(diagnosis.next_step)}", highlight=False, soft_wrap=True)
