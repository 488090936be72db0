"""The checks of `kpi-platform doctor`. A check yields diagnoses; an error that it raises becomes one.

A new check is a function and a line in `CHECKS`.
"""

import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Literal

from packaging.requirements import Requirement

from kpi_platform.cli.ports import DAGSTER_PORT, WEB_PORT, is_listening
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.sources import SOURCES

if TYPE_CHECKING:
    from kpi_platform.adapters.fivetran_connection import Connection
    from kpi_platform.adapters.fivetran_webhook import Webhook
    from kpi_platform.domain.settings import CustomerSettings

Verdict = Literal["ok", "warning", "failed"]

_FREE_DISK_BYTES = 1 << 30
_IMPORT = "Name it with `settings import CUSTOMER FILE`, or compute from what is there: `run --skip-sync`."


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at. `next_step` is empty if there is nothing to repair."""

    check: str
    verdict: Verdict
    detail: str
    next_step: str = ""


Check = Callable[[Configuration], Iterator[Diagnosis]]


def _python(_: Configuration) -> Iterator[Diagnosis]:
    running = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info < (3, 14):
        yield Diagnosis("Python", "ok", running)
    else:
        yield Diagnosis("Python", "failed", running, "Use Python 3.11, 3.12 or 3.13.")


def _packages(_: Configuration) -> Iterator[Diagnosis]:
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
        yield Diagnosis(
            "packages", "failed", "; ".join(wrong), "Run `make dev`, or install kpi_platform again."
        )
    else:
        yield Diagnosis("packages", "ok", f"dagster {version('dagster')}, dbt {version('dbt-core')}")


def _home(configuration: Configuration) -> Iterator[Diagnosis]:
    configuration.home.mkdir(parents=True, exist_ok=True)
    # Rights alone do not say it: of a file system that is mounted read-only they may be right.
    with tempfile.TemporaryFile(dir=configuration.home) as probe:
        probe.write(b"probe")
    free = shutil.disk_usage(configuration.home).free
    detail = f"{configuration.home}, {free / (1 << 30):.0f} GiB free"
    if free < _FREE_DISK_BYTES:
        yield Diagnosis("home", "failed", detail, "Free at least 1 GiB, or set KPI_PLATFORM_HOME elsewhere.")
    else:
        yield Diagnosis("home", "ok", detail)


def _files(configuration: Configuration) -> Iterator[Diagnosis]:
    from kpi_platform.pipeline.state_files import damaged_files

    damages = list(damaged_files(configuration))
    for damage in damages:
        yield Diagnosis("files", "failed", damage.operator_message, damage.next_step)
    if not damages:
        yield Diagnosis("files", "ok", "every database in the home can be read")


def _private(configuration: Configuration) -> Iterator[Diagnosis]:
    """Every path that more may read than the platform's user, with its mode."""
    from kpi_platform.adapters.private_home import open_paths, umask_of

    found = list(open_paths(configuration))
    closed = umask_of(configuration)
    letters = "go" if closed & 0o070 else "o"
    for one in found:
        command = f"chmod {letters}-rwx {shlex.quote(str(one.path))}"
        detail = f"{one.path} is open to others: mode {one.mode:04o}"
        if one.is_own:
            yield Diagnosis("private files", "failed", detail, f"Run: {command}")
        else:
            # A volume that a container is given: whether others come to it is not in its mode.
            yield Diagnosis(
                "private files", "warning", f"{detail}, of another user", f"As its owner: {command}"
            )
    if not found:
        yield Diagnosis("private files", "ok", "the home and what is in it are closed to others")


def _keys(configuration: Configuration) -> Iterator[Diagnosis]:
    from kpi_platform.adapters.key_file import require_keys

    require_keys(configuration)
    yield Diagnosis("keys", "ok", "long enough")


def _dashboard(configuration: Configuration) -> Iterator[Diagnosis]:
    from kpi_platform.cli.dashboard import dashboard

    with dashboard(configuration) as engine:
        yield Diagnosis("dashboard database", "ok", engine.url.render_as_string(hide_password=True))


def _destination(configuration: Configuration) -> Iterator[Diagnosis]:
    from kpi_platform.adapters.duckdb_file import connect

    if not configuration.warehouse_file.exists():
        yield Diagnosis("warehouse file", "ok", "not there yet; the first sync makes it")
        return
    with connect(configuration.warehouse_file, read_only=True, wait_seconds=5) as warehouse:
        count = warehouse.execute("select count(*) from information_schema.tables").fetchone()
    detail = f"{configuration.warehouse_file}, {count[0] if count else 0} tables"
    yield Diagnosis("warehouse file", "ok", detail)


def _dbt(configuration: Configuration) -> Iterator[Diagnosis]:
    from kpi_platform.adapters.dbt import manifest_path

    yield Diagnosis("dbt project", "ok", f"manifest {manifest_path(configuration).name}")


def _fivetran(configuration: Configuration) -> Iterator[Diagnosis]:
    from kpi_platform.adapters.fivetran import open_fivetran

    if configuration.uses_local_fivetran and not is_listening(configuration.local_fivetran_port):
        yield Diagnosis(
            "Fivetran", "warning", "the local Fivetran is not running", "Start it with `kpi-platform up`."
        )
        return
    with closing(open_fivetran(configuration)) as api:
        count = len(api.connections())
        limit = f", {api.hourly_limit} calls an hour" if api.hourly_limit else ""
        yield Diagnosis("Fivetran", "ok", f"{configuration.fivetran_api_url}, {count} connections{limit}")
        yield from _webhook(configuration, api.webhooks())


def _webhook(configuration: Configuration, webhooks: "list[Webhook]") -> Iterator[Diagnosis]:
    from kpi_platform.pipeline.fivetran_webhook import webhook_url

    for webhook in webhooks:
        if webhook.url == webhook_url(configuration):
            if webhook.active:
                yield Diagnosis("webhook", "ok", webhook.url)
            else:
                detail = f"Fivetran has switched off {webhook.id}, because {webhook.url} did not take it"
                yield Diagnosis("webhook", "warning", detail, "Make it anew: `kpi-platform webhook create`.")


def _connections(configuration: Configuration) -> Iterator[Diagnosis]:
    """Whether each customer's settings are valid, and what Fivetran says of its connections."""
    from kpi_platform.cli.dashboard import dashboard
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.pipeline.customer_settings import effective_settings

    known = _known_connections(configuration)
    with dashboard(configuration) as engine, engine.connect() as connection:
        for customer in list_customers(connection):
            name = f"customer {customer.key}"
            try:
                settings = effective_settings(configuration, connection, customer.key)
            except KpiPlatformError as error:
                yield Diagnosis(name, "failed", error.message, error.next_step)
                continue
            sources = {source: settings.source(source) for source in SOURCES}
            unnamed = [name for name, its in sources.items() if its.enabled and not its.connection_id]
            if unnamed:
                yield Diagnosis(name, "warning", f"no Fivetran connection for {', '.join(unnamed)}", _IMPORT)
            wrong = list(_wrong(settings, known)) if known is not None else []
            yield from (Diagnosis(name, "warning", *one) for one in wrong)
            if not unnamed and not wrong:
                asked = "connections as they ought to be" if known is not None else "connections named"
                yield Diagnosis(name, "ok", f"settings valid, {asked}")


def _known_connections(configuration: Configuration) -> "dict[str, Connection] | None":
    """Returns every connection by id; None if Fivetran does not answer, which the check of Fivetran
    reports."""
    from kpi_platform.adapters.fivetran import open_fivetran

    if configuration.uses_local_fivetran and not is_listening(configuration.local_fivetran_port):
        return None
    try:
        with closing(open_fivetran(configuration)) as api:
            return {connection.id: connection for connection in api.connections()}
    except KpiPlatformError:
        return None


def _wrong(settings: "CustomerSettings", known: "dict[str, Connection]") -> Iterator[tuple[str, str]]:
    """Yields what is wrong with a customer's connections, and how to repair it."""
    from kpi_platform.pipeline.connection_findings import connection_findings

    for source in SOURCES:
        section = settings.source(source)
        if section.enabled and section.connection_id is not None:
            for finding in connection_findings(settings, source, known.get(section.connection_id)):
                detail, _, mend = finding.partition(": ")
                yield f"{source}: {detail}", mend


def _secrets(configuration: Configuration) -> Iterator[Diagnosis]:
    """Whether each customer gets the secrets that its settings name, and which an upgrade has listed."""
    from kpi_platform.cli.dashboard import dashboard
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.pipeline.named_secrets import named_secrets

    with dashboard(configuration) as engine, engine.connect() as connection:
        customers = [customer.key for customer in list_customers(connection)]
        found = named_secrets(configuration, connection, customers)
    for one in found:
        if one.problem and one.settings:
            yield Diagnosis(f"secret of {one.customer}", "failed", one.problem, one.next_step)
        if one.right == "by the upgrade":
            others = [each.customer for each in found if each.name == one.name and each != one]
            also = f"; {', '.join(others)} may name it too" if others else ""
            command = f"{one.customer} {one.name}"
            yield Diagnosis(
                f"secret of {one.customer}",
                "warning",
                f"{one.name} is allowed by the upgrade, because the settings named it{also}",
                f"Confirm it: `kpi-platform secret allow {command}`, or forbid it: "
                f"`kpi-platform secret forbid {command}`.",
            )
    if not any(one.problem or one.right == "by the upgrade" for one in found):
        yield Diagnosis("secrets", "ok", f"{len(found)} named by settings, each the customer's to use")


def _ports(_: Configuration) -> Iterator[Diagnosis]:
    for name, port in (("web app", WEB_PORT), ("Dagster", DAGSTER_PORT)):
        check = f"port {port}"
        if is_listening(port):
            detail = f"in use, the {name}'s port"
            yield Diagnosis(check, "warning", detail, "Fine if `kpi-platform up` runs.")
        else:
            yield Diagnosis(check, "ok", f"for the {name}, free")


CHECKS: tuple[tuple[str, Check], ...] = (
    ("Python", _python),
    ("packages", _packages),
    ("home", _home),
    ("files", _files),
    ("private files", _private),
    ("keys", _keys),
    ("dashboard database", _dashboard),
    ("warehouse file", _destination),
    ("dbt project", _dbt),
    ("Fivetran", _fivetran),
    ("customers", _connections),
    ("secrets", _secrets),
    ("ports", _ports),
)
"""In the order of the flow: the name that an error of the check is reported under, and the check."""
