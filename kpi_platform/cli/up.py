"""`kpi-platform up`: everything on one machine, until Ctrl-C."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_platform.cli.dashboard import dashboard, who
from kpi_platform.cli.output import cli_errors, console, print_line
from kpi_platform.cli.ports import (
    DAGSTER_PORT,
    HOST_OPTION,
    WEB_PORT,
    answers_http,
    is_listening,
    listens,
    port_option,
    reachable,
    require_free_port,
    require_own_address,
)
from kpi_platform.cli.servers import Server, Servers
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import Conflict, KpiPlatformError

if TYPE_CHECKING:
    from kpi_platform.cli.news import Newsreader

_LOOK_SECONDS = 1.0
_NEWS_SECONDS = 3.0
_LOOPBACK = "loopback_webhooks=true"
"""The web app that takes the webhooks of the local Fivetran is on this machine, without TLS."""


def register(app: typer.Typer) -> None:
    @app.command()
    @cli_errors
    def up(
        port: Annotated[int, port_option("Port of the web app.")] = WEB_PORT,
        dagster_port: Annotated[int, port_option("Port of Dagster's web UI.")] = DAGSTER_PORT,
        host: Annotated[str, HOST_OPTION] = "127.0.0.1",
    ) -> None:
        """Start the local Fivetran, Dagster's web UI and daemon, and the web app; one Ctrl-C ends all.

        Prints the links, then a line for each sync, refresh, load and failure. The servers' own logs are in
        KPI_PLATFORM_HOME/logs/up. One that ends is started again; the others go on.

        The local Fivetran listens on 127.0.0.1, on port 8799 or the next one that is free;
        KPI_LOCAL_FIVETRAN_PORT names another. It does not start if FIVETRAN_API_URL names a server that is
        there: that one is used.
        """
        from kpi_platform.cli.news import Newsreader
        from kpi_platform.defs.instance import prepare_dagster_home
        from kpi_platform.local.port import serves, with_free_port
        from kpi_platform.pipeline.state_files import damaged_files
        from kpi_platform.web.sign_in import sign_in_link

        require_own_address(host)
        configuration = Configuration.from_environment()
        environment = os.environ | {
            "DAGSTER_HOME": str(prepare_dagster_home(configuration)),
            "KPI_PLATFORM_HOME": str(configuration.home),
            # Users may reach them at a proxy's address.
            "KPI_DAGSTER_URL": configuration.get("KPI_DAGSTER_URL") or reachable(host, dagster_port),
            "KPI_WEB_URL": configuration.get("KPI_WEB_URL") or reachable(host, port),
            "PYTHONUNBUFFERED": "1",
            # How often Dagster looks for runs that have crashed and are to be started again; every 5 s else.
            "DAGSTER_EVENT_LOG_CONSUMER_DAEMON_INTERVAL_SECONDS": "15",
        }
        configuration = Configuration.from_environment(environment)
        for damage in damaged_files(configuration, thorough=False):
            raise damage
        if port == dagster_port:
            raise Conflict(
                f"The web app and Dagster cannot share the port {port}.",
                next_step="Give --port and --dagster-port different numbers.",
            )
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

        logs = configuration.home / "logs" / "up"
        with _interruptible(), dashboard(configuration) as engine, _socket() as socket:
            console.print(f"Web app   {sign_in_link(configuration, engine, who=who())}", soft_wrap=True)
            print_line(f"Dagster   {configuration.dagster_url}")
            print_line(f"Fivetran  {configuration.fivetran_api_url}")
            print_line(f"Logs      {logs}")
            print_line(
                "The first link signs you in, once; `kpi-platform sign-in` prints another. Ctrl-C ends all.\n"
            )
            chosen = _servers(configuration, host, port, dagster_port, socket)
            if not serves_fivetran:
                del chosen["fivetran"]
            servers = Servers(list(chosen.values()), logs, environment, say)
            reader = Newsreader(configuration, engine)
            try:
                _go_on(servers, reader)
            except KeyboardInterrupt:
                say("Ending all …")
            finally:
                servers.end()
                reader.close()


def say(sentence: str) -> None:
    """Prints a line with the time of day."""
    print_line(f"{datetime.now():%H:%M:%S}  {sentence}")


def starts_fivetran(configuration: Configuration) -> bool:
    """Whether `up` starts a local Fivetran: not if FIVETRAN_API_URL names another machine, or a port of this
    one on which a server listens already."""
    named = configuration.get("FIVETRAN_API_URL") is not None
    there = named and is_listening(configuration.local_fivetran_port)
    return configuration.uses_local_fivetran and not there


def _go_on(servers: Servers, reader: "Newsreader") -> None:
    read_at, trouble = 0.0, ""
    while True:
        servers.look()
        if time.monotonic() - read_at > _NEWS_SECONDS:
            read_at = time.monotonic()
            try:
                for line in reader.new():
                    say(line)
                trouble = ""
            except KpiPlatformError as error:
                if str(error) != trouble:
                    trouble = str(error)
                    say(f"What happens cannot be read: {trouble}")
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Makes the end that a service manager or a closed terminal asks for a Ctrl-C."""
    # SIGINT too: what a script starts in the background ignores it, and so would the servers.
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in ending}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _socket() -> Iterator[Path]:
    """A place for a socket that this user alone can reach. A home's own path may be too long for one."""
    with tempfile.TemporaryDirectory(prefix="kpi-platform-") as folder:
        yield Path(folder) / "definitions.sock"


def _servers(
    configuration: Configuration, host: str, port: int, dagster_port: int, socket: Path
) -> dict[str, Server]:
    """The servers by name, in the order in which they start. Dagster's are its own three, without the parent
    that `dagster dev` would be, for that one ends all of them if one ends."""
    python = [sys.executable, "-m"]
    server = [*python, "kpi_platform.defs.dagster_server"]
    workspace = configuration.dagster_home / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server:\n      socket: {socket}\n      location_name: kpi_platform\n"
    )
    local = configuration.local_fivetran_port
    definitions = ["--module-name", "kpi_platform.definitions", "--location-name", "kpi_platform"]
    servers = [
        Server(
            "fivetran", "The local Fivetran",
            [*python, "kpi_platform", "local-fivetran", "--port", local, "--behaviour", _LOOPBACK],
            lambda: answers_http(local, "/_local/identity"),
        ),
        Server(
            "web", "The web app", [*python, "kpi_platform", "web", "--host", host, "--port", port],
            lambda: answers_http(port, "/healthz", host),
        ),
        Server(
            "definitions", "Dagster's code location",
            [*python, "dagster", "api", "grpc", "--socket", socket, *definitions, "--log-level", "warning",
             "--use-python-environment-entry-point"],
            lambda: listens(socket),
        ),
        Server(
            "dagster", "Dagster's web UI",
            [*server, "dagster_webserver", "-w", workspace, "-h", host, "-p", dagster_port],
            lambda: answers_http(dagster_port, "/server_info", host), after="definitions",
        ),
        Server(
            "daemon", "Dagster's daemon",
            [*server, "dagster._daemon", "run", "-w", workspace, "--log-level", "warning"],
            lambda: True, after="definitions",
        ),
    ]  # fmt: skip
    return {server.name: server for server in servers}
