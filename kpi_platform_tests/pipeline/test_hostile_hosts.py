"""No job connects to a host of settings that the operator has not allowed: a server that takes everything
stands there, and nothing arrives."""

import ast
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import kpi_platform
from kpi_platform.adapters.alerts import CHANNELS, send_through
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.offboarding import find_leaver
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.alerts import Alert
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.places import SNOWFLAKE_DOMAINS
from kpi_platform.domain.settings import Alerts, CustomerSettings, parse_settings
from kpi_platform.pipeline.build import build_kpis
from kpi_platform.pipeline.change_settings import change_settings
from kpi_platform.pipeline.connection_test import test_connection as run_connection_test
from kpi_platform.pipeline.custom_kpis import require_computable
from kpi_platform.pipeline.erase import erase_in_destinations
from kpi_platform.pipeline.explain import explain
from kpi_platform.pipeline.load import load_together
from kpi_platform.pipeline.preview import preview_settings
from kpi_platform_tests.editors import OPERATOR
from kpi_platform_tests.pipeline.matching import match_accounts
from kpi_platform_tests.pipeline.uncomputable import COMPUTABLE

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PASSWORD = "m4rk3r"
HOSTS = (
    "127.0.0.1",
    "localhost",
    "LOCALHOST.",
    "127.1",
    "2130706433",
    "0x7f000001",
    "::1",
    "::ffff:127.0.0.1",
)
HERE = {host.casefold().rstrip(".") for host in HOSTS}
TYPES = ("postgres", "redshift", "snowflake", "bigquery")


@dataclass
class Trap:
    """A listener on every loopback address that keeps what it is sent."""

    port: int
    received: list[bytes] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)


@contextmanager
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trap]:
    server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    trap, ended = Trap(server.getsockname()[1]), threading.Event()

    def take() -> None:
        while not ended.is_set():
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(1)
                    trap.received.append(b"")
                    with suppress(OSError):
                        trap.received[-1] = connection.recv(4096)

    real = socket.getaddrinfo

    def guarded(host: Any, *rest: Any, **options: Any) -> Any:
        trap.asked_for.append(str(host))
        if str(host).casefold().rstrip(".") not in HERE:
            raise socket.gaierror(socket.EAI_NONAME, "No name server is asked in tests.")
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", guarded)
    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        yield trap
    finally:
        ended.set()
        with suppress(OSError), socket.create_connection(("127.0.0.1", trap.port)):
            pass
        thread.join(5)
        server.close()


def hostile(kind: str, host: str, port: int) -> dict[str, Any]:
    secret = {} if kind == "bigquery" else {"credentials_secret": "KPI_SECRET_ACME_X"}
    return secret | {
        "type": kind, "host": host, "port": port, "database": "d", "username": "u", "warehouse": "w",
        "project": "p",
    }  # fmt: skip


def jobs(
    configuration: Configuration, engine: sa.Engine, settings: CustomerSettings
) -> dict[str, Callable[[], object]]:
    """What reads, writes or tests a destination, or calls for the customer."""
    secrets = CustomerSecrets(configuration, "acme")
    alert = Alert("test", "acme", "", "x", NOW, "", "", None)
    hooked = Alerts.model_validate(dict.fromkeys(CHANNELS, "KPI_SECRET_ACME_HOOK"))
    changed = parse_settings({**settings.document(), "custom_kpis": [COMPUTABLE]})

    def erase() -> object:
        with engine.connect() as connection:
            leaver = find_leaver(connection, "acme")
        return list(erase_in_destinations(configuration, engine, leaver, raw_schemas=True, former=True))

    return {
        "build": lambda: _refused(build_kpis(configuration, engine, ["acme"], NOW).failed),
        "match": lambda: match_accounts(configuration, engine, "acme", NOW),
        "load": lambda: load_together(configuration, engine, ["acme"], NOW),
        "explain": lambda: explain(configuration, engine, "acme", "a1", "nps"),
        "preview": lambda: preview_settings(configuration, engine, "acme", settings),
        "custom KPI": lambda: require_computable(configuration, changed, secrets),
        "erase": erase,
        "test": lambda: _failed(list(run_connection_test(configuration, settings, secrets))),
        **{
            f"alert through {channel}": partial(send_through, configuration, hooked, channel, alert, secrets)
            for channel in CHANNELS
        },
        "save": lambda: change_settings(
            configuration, engine, "acme", {**settings.document(), "custom_kpis": [COMPUTABLE]}, by=OPERATOR
        ),
    }


def _refused(failed: Any) -> None:
    raise failed["acme"]


def _failed(steps: list[Any]) -> None:
    assert steps[-1].ok, steps[-1].error
    raise AssertionError("It was reached.")


@pytest.mark.parametrize("allowed", ["", "*, *.example.com, 10.0.0.0/8"])
@pytest.mark.parametrize("kind", TYPES)
def test_nothing_arrives_where_the_operator_allows_nobody_to_go(
    configuration: Configuration,
    sqlite_engine: sa.Engine,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    allowed: str,
) -> None:
    with sqlite_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
    with listening(monkeypatch) as trap:
        for host in HOSTS:
            document = {"warehouse": hostile(kind, host, trap.port), "servicenow": {"enabled": False}}
            url = f"http://[{host}]:{trap.port}/" if ":" in host else f"http://{host}:{trap.port}/"
            given = {
                "KPI_ALLOWED_HOSTS": allowed, "KPI_SECRET_ACME_X": PASSWORD,
                "KPI_SECRET_ACME_HOOK": url, "FIVETRAN_API_URL": "http://127.0.0.1:9",
            }  # fmt: skip
            here = Configuration.from_environment({**configuration.environment, **given})
            with sqlite_engine.begin() as connection:
                save_settings(connection, "acme", document, who="test")
            settings = parse_settings(document)
            for name, job in jobs(here, sqlite_engine, settings).items():
                with pytest.raises((KpiPlatformError, AssertionError)) as refused:
                    job()
                assert PASSWORD not in str(refused.value), name
                assert "It was reached" not in str(refused.value), name
        assert trap.received == []
        # A pattern for all names lets a resolver be asked for them, and for nobody else's.
        asked_for = {name.removesuffix(SNOWFLAKE_DOMAINS[0]) for name in trap.asked_for}
        assert asked_for <= {host.lower().rstrip(".") for host in HOSTS}


NETWORK = {
    "socket", "ssl", "http.client", "urllib.request", "ftplib", "smtplib", "httpx", "requests", "urllib3",
    "aiohttp", "psycopg", "psycopg2", "redshift_connector", "snowflake", "google", "boto3", "botocore",
    "dagster_snowflake", "websockets",
}  # fmt: skip
OPENED_BY = {
    "adapters/door.py": "resolves, and tries what it permits",
    "adapters/alerts.py": "posts to the address that the door answers",
    "adapters/mail.py": "the operator's own address",
    "adapters/fivetran_http.py": "the operator's own address",
    "adapters/fivetran_limits.py": "reads headers of answers",
    "adapters/destination/postgres.py": "behind the door",
    "adapters/destination/redshift_connection.py": "behind the door",
    "adapters/destination/snowflake.py": "behind the door",
    "adapters/destination/bigquery.py": "behind the door",
    "adapters/destination/bigquery_client.py": "opened by bigquery.py alone",
    "domain/places.py": "reads addresses, connects to nothing",
    "adapters/duckdb_elsewhere.py": "a socket file in a folder of this user alone: no address",
    "cli/ports.py": "looks for listeners on this machine",
    "defs/life_line.py": "the name of this machine",
    "defs/run.py": "the name of this machine",
}


def test_no_other_code_can_open_a_connection() -> None:
    """Whoever adds a file here says why its connections need no door, or goes through it."""
    root = Path(kpi_platform.__file__).parent
    found = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _imported(node)
        if name in NETWORK or name.partition(".")[0] in NETWORK
    }
    # The local Fivetran stands for Fivetran's own machines: no settings reach it but through Fivetran's API.
    assert {name for name in found if not name.startswith("local/")} == OPENED_BY.keys()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []
