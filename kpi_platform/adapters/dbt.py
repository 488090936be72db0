"""dbt in this process: parsed once, invoked with the batch as data, and closed after every invocation."""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from kpi_platform.adapters.dbt_parsed_project import ParsedProject
from kpi_platform.adapters.dbt_patches import kept_models, log_file, pinned_postgres
from kpi_platform.adapters.dbt_patches.shared_vars import shared
from kpi_platform.adapters.dbt_profile import profile_of, secret_texts
from kpi_platform.adapters.dbt_results import (
    BuildProgress,
    NodeResult,
    errors_of_operation,
    is_cut_off,
    node_result,
    progress_of,
)
from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.adapters.destination.pins import guard_redshift
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.adapters.secrets import hidden
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import BuildFailed

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

_PROFILE = "kpi_platform"
_FLAGS = (
    "--no-send-anonymous-usage-stats",
    "--no-version-check",
    "--no-use-colors",
    "--no-print",
    "--quiet",
    "--log-level=none",
    # The debug log would repeat all vars of every invocation.
    "--log-level-file=info",
)

_COMMANDS = {
    "build": ("build", "--resource-type", "model", "--resource-type", "test"),
    "run": ("run",),
    "test": ("test", "--resource-type", "test"),
    "unit-test": ("test", "--resource-type", "unit_test"),
}

_GUARDS = {"postgres": pinned_postgres.apply, "redshift": guard_redshift}
"""By kind of dbt's target: what makes its driver connect to checked addresses alone."""

_one_at_a_time = threading.RLock()
"""dbt keeps its flags and adapters in global variables."""


def project_directory() -> Path:
    """Returns the dbt project: inside the package if that was installed from a wheel, else beside it."""
    inside = Path(__file__).parents[1] / "dbt"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "dbt"


def model_file(model: str) -> str:
    """Returns the path of a model's SQL: `dbt/models/…/int_case_rating.sql`."""
    directory = project_directory()
    (path,) = (directory / "models").rglob(f"{model}.sql")
    return (Path("dbt") / path.relative_to(directory)).as_posix()


def manifest_path(configuration: Configuration) -> Path:
    """Returns a manifest.json of the project as it is now, for callers that only read its graph. Parses the
    project if there is none yet, or if a file of the project has changed since."""
    destination = DuckDbDestination(configuration.warehouse_file, "kpi")
    return DbtProject(configuration, destination).parsed()


@dataclass(frozen=True, slots=True)
class DbtProject:
    """The dbt project against one destination. Raises BuildFailed if dbt itself fails."""

    configuration: Configuration
    destination: Destination
    directory: Path = field(default_factory=project_directory)
    is_compiling: bool = False
    """Whether it only compiles: beside a build in another process, which needs a profile of its own."""

    def build(
        self,
        command: Literal["build", "run", "test", "unit-test"],
        variables: Mapping[str, Any],
        *,
        select: Sequence[str] | None = None,
        fail_fast: bool = False,
        on_node: Callable[[BuildProgress], None] | None = None,
    ) -> list[NodeResult]:
        """Runs the models (`run`), the data tests, both (`build`: tests as soon as they can be), or the unit
        tests, which need no data. Returns how each node ended."""
        arguments = list(_COMMANDS[command])
        if select:
            arguments += ["--select", *select]
        if fail_fast:
            arguments.append("--fail-fast")
        # A selected model may read one that is not selected.
        is_whole = command in ("build", "run") and not select
        keeps = is_whole and len(variables.get("customers", ())) >= kept_models.KEPT_FROM
        results = self._invoke(arguments, variables, on_node, keeps=keeps)
        return [node_result(one, self._clean(one.message)) for one in results if not kept_models.is_kept(one)]

    def compile(self, statement: str, variables: Mapping[str, Any]) -> str:
        """Returns the SQL of `statement` (SQL with Jinja) in the destination's dialect."""
        folder = self.configuration.home / "dbt" / "compiling"
        project = replace(self, destination=self.destination.compiling(folder), is_compiling=True)
        (result,) = project._invoke(["compile", "--inline", statement], variables)
        return str(result.node.compiled_code)

    def operate(self, macro: str, arguments: Mapping[str, Any]) -> None:
        """Runs a macro of the project by itself."""
        errors: list[str] = []
        with self.destination.exclusive(), _one_at_a_time:
            try:
                command = ["run-operation", macro, "--args", yaml.safe_dump(dict(arguments))]
                listen = errors_of_operation(errors.append)
                result = self._run([*command, "--no-write-json"], {}, self._project.manifest(), listen)
            finally:
                self._release()
        if not result.success:
            raise self._failed(result.exception or "; ".join(errors))

    def load(self) -> None:
        """Loads dbt and the parsed project into this process: a few seconds, which a caller that waits for a
        destination can spend before its turn."""
        from dbt.cli.main import dbtRunner  # noqa: F401

        with _one_at_a_time:
            self._project.load()

    def forget(self) -> None:
        """Deletes the SQL that dbt wrote while it worked: it names the customers of its batches."""
        for folder in ("compiled", "run"):
            shutil.rmtree(self._home / folder, ignore_errors=True)

    def parsed(self) -> Path:
        """Returns the manifest.json, parsed again if the project has changed since."""
        return self._project.manifest_file()

    @property
    def _home(self) -> Path:
        """The folder that dbt writes to while it works on this target."""
        digest = hashlib.sha256(f"{self.destination.name} {self.directory}".encode()).hexdigest()[:12]
        output = self.destination.dbt_target().output
        name = f"{output['type']}-{digest}"
        return self.configuration.home / "dbt" / (f"{name}-compiling" if self.is_compiling else name)

    @property
    def _project(self) -> ParsedProject:
        return ParsedProject(self.directory, self.destination.dbt_target(), self._parse)

    def _parse(self, folder: Path) -> "Manifest":
        from dbt.contracts.graph.manifest import Manifest

        result = self._run(["parse"], {}, None, None, folder)
        if not isinstance(result.result, Manifest):
            raise self._failed(result.exception)
        return result.result

    def _invoke(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, Any],
        on_node: Callable[[BuildProgress], None] | None = None,
        *,
        keeps: bool = False,
    ) -> list[Any]:
        from dbt.artifacts.schemas.run import RunExecutionResult

        with self.destination.exclusive(), _one_at_a_time:
            try:
                # Artifacts repeat all vars; the results hold what we need of them.
                listen = progress_of(on_node) if on_node else None
                manifest = self._project.manifest()
                if keeps:
                    kept_models.keep(manifest, self.destination.dbt_target().memory)
                result = self._run([*arguments, "--no-write-json"], variables, manifest, listen)
                self._project.keep_templates()
            finally:
                self._release()
        if not isinstance(result.result, RunExecutionResult):
            raise self._failed(result.exception)
        return [one for one in result.result.results if not is_cut_off(one)]

    def _run(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, Any],
        manifest: "Manifest | None",
        listen: Callable[[Any], None] | None,
        artifacts: Path | None = None,
    ) -> "dbtRunnerResult":
        from dbt.cli.main import dbtRunner

        from kpi_platform.adapters.dbt_patches import patches

        patches.apply(is_parsed=manifest is not None, is_duckdb=self._is_duckdb)
        if manifest is not None:
            self._pin()
        profile = profile_of(_PROFILE, self.destination.dbt_target())
        self._write_profile(profile.text)
        places = {
            "project-dir": self.directory,
            "profiles-dir": self._home,
            "target-path": artifacts or self._home,
            "log-path": self.configuration.home / "logs" / "dbt",
        }
        callbacks = [] if listen is None else [listen]
        with _one_at_a_time, _environment(profile.environment):
            try:
                result = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(
                    [*arguments, *_FLAGS, *(f"--{name}={path}" for name, path in places.items())],
                    vars=shared(variables),
                )
            finally:
                log_file.close()
        # dbt also catches exceptions that are meant to end the process.
        if result.exception is not None and not isinstance(result.exception, Exception):
            raise result.exception
        return result

    def _pin(self) -> None:
        """Pins the drivers to checked addresses. Not needed for parsing, which connects to nothing."""
        guard = _GUARDS.get(self.destination.dbt_target().output["type"])
        if guard is not None:
            guard()
        self.destination.pinned()

    def _write_profile(self, text: str) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        path = self._home / "profiles.yml"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)

    def _release(self) -> None:
        """dbt-duckdb keeps the file open between invocations of one process."""
        if self._is_duckdb:
            from dbt.adapters.duckdb.connections import DuckDBConnectionManager

            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]

    @property
    def _is_duckdb(self) -> bool:
        return bool(self.destination.dbt_target().output["type"] == "duckdb")

    def _failed(self, reason: BaseException | str | None) -> BuildFailed:
        return BuildFailed(
            f"dbt failed for {self.destination.name}: {self._clean(str(reason or 'no result'))}",
            next_step="Mend what the message names; the log is in logs/dbt/ under KPI_PLATFORM_HOME.",
        )

    def _clean(self, message: str | None) -> str | None:
        """The message on one line, without secrets, the compiled file's path and the folders of others."""
        if not message:
            return None
        message = hidden(message, *secret_texts(self.destination.dbt_target().secrets))
        for folder in (self.configuration.home, self.directory):
            message = message.replace(f"{folder}{os.sep}", "")
        lines = (line.strip() for line in message.splitlines())
        return " ".join(line for line in lines if line and not line.startswith("compiled code at"))


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """dbt takes the values of a profile, and the secrets that it keeps out of its log, from the environment
    alone; they are in it only while dbt runs."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
