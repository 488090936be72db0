"""`kpi-platform up`: everything on one machine, until Ctrl-C."""

import os
import shlex
import sys
from typing import Annotated

import typer
import yaml

from kpi_platform.cli.dashboard import dashboard, who
from kpi_platform.cli.output import cli_errors, console
from kpi_platform.cli.ports import DAGSTER_PORT, WEB_PORT, is_listening, require_free_port
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import Conflict

_SECONDS_TO_END = 60
_WORKSPACE = {
    "load_from": [
        {"python_module": {"module_name": "kpi_platform.definitions", "location_name": "kpi_platform"}}
    ]
}


def register(app: typer.Typer) -> None:
    @app.command()
    @cli_errors
    def up(
        port: Annotated[int, typer.Option(help="Port of the web app.")] = WEB_PORT,
        dagster_port: Annotated[int, typer.Option(help="Port of Dagster's web UI.")] = DAGSTER_PORT,
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    ) -> None:
        """Start the local Fivetran, Dagster's web UI and daemon, and the web app; one Ctrl-C ends all.

        The local Fivetran does not start if FIVETRAN_API_URL names a server that is there: that one is used.
        """
        from honcho import manager as processes

        from kpi_platform.defs.instance import prepare_dagster_home
        from kpi_platform.local.port import serves, with_free_port
        from kpi_platform.pipeline.state_files import damaged_files
        from kpi_platform.web.sign_in import sign_in_link

        configuration = Configuration.from_environment()
        environment = os.environ | {
            "DAGSTER_HOME": str(prepare_dagster_home(configuration)),
            "KPI_PLATFORM_HOME": str(configuration.home),
            # Users may reach them at a proxy's address.
            "KPI_DAGSTER_URL": configuration.get("KPI_DAGSTER_URL") or f"http://{host}:{dagster_port}",
            "KPI_WEB_URL": configuration.get("KPI_WEB_URL") or f"http://{host}:{port}",
            "PYTHONUNBUFFERED": "1",
            # `dg dev`, which Dagster's warning recommends, needs a project folder; an installation has none.
            "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded",
        }
        configuration = Configuration.from_environment(environment)
        for damage in damaged_files(configuration, thorough=False):
            raise damage
        require_free_port("web app", port, "--port")
        require_free_port("Dagster", dagster_port, "--dagster-port")
        serves_fivetran = starts_fivetran(configuration)
        if serves_fivetran and not configuration.get("FIVETRAN_API_URL"):
            if serves(configuration):
                raise Conflict(
                    f"The local Fivetran of {configuration.home} runs already.",
                    next_step="Wait for the demo to end, or end `kpi-platform local-fivetran`.",
                )
            configuration = with_free_port(configuration)

        # Dagster ends its own processes in order; killed before that, it would leave them behind.
        processes.KILL_WAIT = _SECONDS_TO_END
        manager = processes.Manager()
        for name, command in _servers(configuration, host, port, dagster_port, serves_fivetran).items():
            manager.add_process(name, shlex.join(map(str, command)), env=environment)
        console.print(f"Dagster   http://{host}:{dagster_port}")
        console.print(f"Fivetran  {configuration.fivetran_api_url}")
        with dashboard(configuration) as engine:
            console.print(f"Web app   {sign_in_link(configuration, engine, who=who())}", soft_wrap=True)
        console.print(
            "The link signs you in, once; `kpi-platform sign-in` prints another. One Ctrl-C ends all.\n"
        )
        manager.loop()
        raise typer.Exit(0 if manager.returncode in (0, 130, 143) else 1)


def starts_fivetran(configuration: Configuration) -> bool:
    """Whether `up` starts a local Fivetran: not if FIVETRAN_API_URL names another machine, or a port of this
    one on which a server listens already."""
    named = configuration.get("FIVETRAN_API_URL") is not None
    there = named and is_listening(configuration.local_fivetran_port)
    return configuration.uses_local_fivetran and not there


def _servers(
    configuration: Configuration, host: str, port: int, dagster_port: int, serves_fivetran: bool
) -> dict[str, list[object]]:
    """The commands, by the name that their output is marked with."""
    python = [sys.executable, "-m"]
    workspace = configuration.dagster_home / "workspace.yaml"
    workspace.write_text(yaml.safe_dump(_WORKSPACE))
    dagster = [*python, "dagster", "dev", "-w", workspace, "-h", host, "-p", dagster_port]
    servers: dict[str, list[object]] = {}
    if serves_fivetran:
        local_port = configuration.local_fivetran_port
        # The web app that takes its webhooks is on this machine, without TLS.
        behaviour = ["--behaviour", "loopback_webhooks=true"]
        servers["fivetran"] = [*python, "kpi_platform", "local-fivetran", "--port", local_port, *behaviour]
    servers["dagster"] = dagster
    servers["web"] = [*python, "kpi_platform", "web", "--host", host, "--port", port]
    return servers
