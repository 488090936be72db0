"""`kpi-platform doctor`: is everything that the platform needs there, and how to mend what is not."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Annotated, Literal

import typer
from packaging.requirements import Requirement

from kpi_platform.cli.output import console, print_json
from kpi_platform.cli.ports import DAGSTER_PORT, WEB_PORT, is_listening
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.sources import SOURCES

Verdict = Literal["ok", "warning", "failed"]

_FREE_DISK_BYTES = 1 << 30
_IMPORT = "Name it with `settings import CUSTOMER FILE`, or compute from what is there: `run --skip-sync`."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `next_step` is empty where there is nothing to mend."""

    check: str
    verdict: Verdict
    detail: str
    next_step: str = ""


def register(app: typer.Typer) -> None:
    @app.command()
    def doctor(
        as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    ) -> None:
        """Check versions, ports, connections and migrations, and say how to mend what is wrong.

        Exit code 0 when nothing failed; warnings do not count.
        """
        findings = list(examine(Configuration.from_environment()))
        if as_json:
            print_json([asdict(finding) for finding in findings])
        else:
            _print(findings)
        if any(finding.verdict == "failed" for finding in findings):
            raise typer.Exit(1)


def examine(configuration: Configuration) -> Iterator[Finding]:
    """Every finding, in the order of the flow. A check that raises an expected error has failed with it."""
    yield _python()
    yield from _packages()
    for name, check in _CHECKS.items():
        try:
            yield check(configuration)
        except KpiPlatformError as error:
            yield Finding(name, "failed", error.message, error.next_step)
    try:
        yield from _connections(configuration)
    except KpiPlatformError as error:
        yield Finding("customers", "failed", error.message, error.next_step)
    yield _port("web app", WEB_PORT)
    yield _port("Dagster", DAGSTER_PORT)


def _python() -> Finding:
    running = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info < (3, 14):
        return Finding("Python", "ok", running)
    return Finding("Python", "failed", running, "Use Python 3.11, 3.12 or 3.13.")


def _packages() -> Iterator[Finding]:
    wrong = []
    for text in requires("kpi_platform") or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name} {installed} instead of {requirement.specifier}")
    if wrong:
        yield Finding(
            "packages", "failed", "; ".join(wrong), "Run `make dev`, or install kpi_platform again."
        )
    else:
        yield Finding("packages", "ok", f"dagster {version('dagster')}, dbt {version('dbt-core')}")


def _home(configuration: Configuration) -> Finding:
    configuration.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(configuration.home).free
    detail = f"{configuration.home}, {free / (1 << 30):.0f} GiB free"
    if free < _FREE_DISK_BYTES:
        return Finding("home", "failed", detail, "Free at least 1 GiB, or set KPI_PLATFORM_HOME elsewhere.")
    return Finding("home", "ok", detail)


def _dashboard(configuration: Configuration) -> Finding:
    from kpi_platform.cli.dashboard import dashboard

    with dashboard(configuration) as engine:
        return Finding("dashboard database", "ok", engine.url.render_as_string(hide_password=True))


def _destination(configuration: Configuration) -> Finding:
    from kpi_platform.adapters.duckdb_file import connect

    if not configuration.warehouse_file.exists():
        return Finding("warehouse file", "ok", "not there yet; the first sync makes it")
    with connect(configuration.warehouse_file, read_only=True, wait_seconds=5) as warehouse:
        count = warehouse.execute("select count(*) from information_schema.tables").fetchone()
    return Finding(
        "warehouse file", "ok", f"{configuration.warehouse_file}, {count[0] if count else 0} tables"
    )


def _dbt(configuration: Configuration) -> Finding:
    from kpi_platform.adapters.dbt import manifest_path

    return Finding("dbt project", "ok", f"manifest {manifest_path(configuration).name}")


def _fivetran(configuration: Configuration) -> Finding:
    from kpi_platform.adapters.fivetran import open_fivetran

    if configuration.uses_local_fivetran and not is_listening(configuration.local_fivetran_port):
        return Finding(
            "Fivetran", "warning", "the local Fivetran is not running", "Start it with `kpi-platform up`."
        )
    count = len(open_fivetran(configuration).connections())
    return Finding("Fivetran", "ok", f"{configuration.fivetran_api_url}, {count} connections")


def _connections(configuration: Configuration) -> Iterator[Finding]:
    """Whether the settings of each customer are valid and name their Fivetran connections."""
    from kpi_platform.cli.dashboard import dashboard
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.pipeline.customer_settings import effective_settings

    with dashboard(configuration) as engine, engine.connect() as connection:
        for customer in list_customers(connection):
            name = f"customer {customer.key}"
            try:
                settings = effective_settings(configuration, connection, customer.key)
            except KpiPlatformError as error:
                yield Finding(name, "failed", error.message, error.next_step)
                continue
            sources = {source: settings.source(source) for source in SOURCES}
            unnamed = [name for name, its in sources.items() if its.enabled and not its.connection_id]
            if unnamed:
                yield Finding(name, "warning", f"no Fivetran connection for {', '.join(unnamed)}", _IMPORT)
            else:
                yield Finding(name, "ok", "settings valid, connections named")


def _port(name: str, port: int) -> Finding:
    if is_listening(port):
        return Finding(
            f"port {port}", "warning", f"in use, the {name}'s port", "Fine if `kpi-platform up` runs."
        )
    return Finding(f"port {port}", "ok", f"free for the {name}")


_CHECKS: dict[str, Callable[[Configuration], Finding]] = {
    "home": _home,
    "dashboard database": _dashboard,
    "warehouse file": _destination,
    "dbt project": _dbt,
    "Fivetran": _fivetran,
}


def _print(findings: list[Finding]) -> None:
    marks = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}
    for finding in findings:
        console.print(f"{marks[finding.verdict]} [bold]{finding.check}[/]  {finding.detail}", highlight=False)
        if finding.next_step and finding.verdict != "ok":
            console.print(f"    → {finding.next_step}", highlight=False)
