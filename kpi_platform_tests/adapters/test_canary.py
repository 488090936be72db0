"""A canary that is planted as a secret is in no answer, log or file, also if something refuses it."""

import ast
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

import kpi_platform
from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.errors import BuildFailed, KpiPlatformError
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.connection_test import test_connection as run_connection_test
from kpi_platform_tests.postgres import PostgresServer

pytestmark = pytest.mark.filterwarnings("ignore:urllib3")

CANARY = "c4n4ry 100%/of:a@s3cr3t"
SPELLED = ("c4n4ry", "c4n4ry%20100")
VALUES = {
    "KPI_SECRET_ACME_PASSWORD": CANARY,
    "KPI_SECRET_ACME_KEY_PATH": f"/no/such/{CANARY}",
    "KPI_SECRET_ACME_ALERTS": f"http://127.0.0.1:9/{CANARY}",
    "KPI_SESSION_KEY": CANARY,
}
PLACE = {"host": "127.0.0.1", "database": "d", "username": "u", "warehouse": "w", "project": "p"}


@pytest.fixture
def silent() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


@pytest.fixture
def planted(configuration: Configuration) -> Configuration:
    return Configuration.from_environment(
        {**configuration.environment, **VALUES, "KPI_ALLOWED_HOSTS": "127.0.0.1,*.googleapis.com"}
    )


def nothing_tells(home: Path, *texts: object) -> None:
    told = [text for text in map(str, texts) if any(one in text for one in SPELLED)]
    assert told == []
    files = [file for file in home.rglob("*") if file.is_file()]
    assert not [file for file in files if b"c4n4ry" in file.read_bytes()]


@pytest.mark.parametrize("name", [*VALUES, "WAREHOUSE_PASSWORD", "PATH"])
@pytest.mark.parametrize("kind", ["postgres", "redshift", "snowflake", "bigquery"])
def test_a_connection_test_answers_with_names_alone(
    planted: Configuration, silent: int, caplog: pytest.LogCaptureFixture, kind: str, name: str
) -> None:
    caplog.set_level(logging.DEBUG)
    section: dict[str, Any] = PLACE | {"type": kind, "port": silent, "credentials_secret": name}
    if kind == "bigquery":
        section["host"] = "bigquery.googleapis.com"
    settings = parse_settings({"warehouse": section})
    secrets = CustomerSecrets(planted, "acme")
    *_, last = run_connection_test(planted, settings, secrets, limit_seconds=5)
    assert not last.ok
    assert last.error
    nothing_tells(planted.home, last, caplog.text)


@pytest.mark.postgres
def test_a_refused_sign_in_tells_nothing_to_dbt_s_log_either(
    planted: Configuration, postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = sa.make_url(postgres_server.url("template1"))
    section = {
        "type": "postgres", "host": "127.0.0.1", "port": url.port, "database": "nowhere",
        "username": "{{ env_var('DBT_ENV_NONE', 'x' * 3) }}",
        "credentials_secret": "KPI_SECRET_ACME_PASSWORD",
    }  # fmt: skip
    warehouse = parse_settings({"warehouse": section}).warehouse
    destination = open_destination(planted, warehouse, CustomerSecrets(planted, "acme"))
    with pytest.raises(KpiPlatformError) as read:
        list(destination.read_mart("kpi_values", "acme"))
    project = DbtProject(planted, destination)
    try:
        results = project.build("run", {"as_of": "2026-11-24T06:00:00+00:00", "customers": []})
        told = str([result.message for result in results])
    except BuildFailed as error:
        told = str(error)
    assert "{{ env_var" in told
    assert "xxx" not in told
    nothing_tells(planted.home, read.value, told, caplog.text, destination, project)


def test_the_command_line_tells_names_alone(planted: Configuration, sqlite_engine: sa.Engine) -> None:
    from kpi_platform.cli.main import app

    section = PLACE | {"type": "postgres", "port": 1, "credentials_secret": "KPI_SECRET_ACME_KEY_PATH"}
    alerts = {"webhook_url_secret": "KPI_SECRET_ACME_ALERTS"}
    document = parse_settings({"warehouse": section, "alerts": alerts}).document()
    with sqlite_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        save_settings(connection, "acme", document, who="test")
    environment: dict[str, str] = {**planted.environment, "DASHBOARD_DATABASE_URL": str(sqlite_engine.url)}
    asked = {
        name: CliRunner().invoke(app, command, env=environment)
        for name, command in {
            "doctor": ["doctor"],
            "list": ["secret", "list", "acme"],
            "alert": ["alert", "test", "acme"],
            "key": ["secret", "allow", "acme", CANARY],
        }.items()
    }
    assert asked["key"].exit_code == asked["alert"].exit_code == 1
    assert "KPI_SECRET_ACME_KEY_PATH names a file that is not there" in " ".join(asked["list"].output.split())
    nothing_tells(planted.home, *(one.output for one in asked.values()))


def test_one_place_turns_names_into_secrets() -> None:
    """No other file of the program asks for a variable whose name is not written there, or for the whole
    environment; `configuration.environment` as a whole gives the defaults of settings."""
    root = Path(kpi_platform.__file__).parent
    asking = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                secret = node.func.attr == "secret" and "configuration" in ast.unparse(node.func.value)
                if secret or ast.unparse(node.func) in ("os.getenv", "os.environ.__getitem__"):
                    asking.add(str(file.relative_to(root)))
            looked_up = isinstance(node, ast.Subscript) and ast.unparse(node.value)
            if looked_up and looked_up.endswith(("configuration.environment", "os.environ")):
                asking.add(str(file.relative_to(root)))
    # dbt takes a profile's values from the process's environment, where dbt.py puts them. mail.py names the
    # two variables of the operator that it asks for.
    assert asking == {"adapters/secrets.py", "adapters/dbt.py", "adapters/mail.py"}
