"""The conformance suite with dbt-bigquery and Google's client against a local emulator."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.door import BIGQUERY_HOST
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationUnavailable, InvalidSettings, MissingConfiguration
from kpi_platform.domain.settings import parse_settings
from kpi_platform_tests.adapters.scripted_server import Answer, scripted
from kpi_platform_tests.destinations.bigquery_emulator import bigquery_emulator
from kpi_platform_tests.destinations.conformance import DestinationConformance
from kpi_platform_tests.destinations.expected import Expected
from kpi_platform_tests.destinations.installation import Installation
from kpi_platform_tests.destinations.postgres_roles import silent_port
from kpi_platform_tests.destinations.started import Refusal, StartedDestination

PROJECT = "kpi-local"


@pytest.fixture(scope="module")
def place() -> Iterator[StartedDestination]:
    """The emulator knows neither projects nor rights; credentials are tested without it below."""
    with bigquery_emulator() as port, silent_port() as silent:
        address = {"host": "127.0.0.1", "port": port, "project": PROJECT}
        yield StartedDestination(
            service="bigquery",
            landing=address,
            warehouse={"type": "bigquery", **address},
            environment={},
            refusals=[
                Refusal("host not allowed", "resolve", "KPI_ALLOWED_HOSTS", {"host": "acme.example"}),
                Refusal("nothing listens", "connect", "port 1", {"port": 1}),
                Refusal("never answers", "database", "No answer", {"port": silent}, limit_seconds=3),
                Refusal("unknown schema", "schema", "nowhere", raw_schema="nowhere"),
            ],
            json=("json", "parse_json({})"),
            # Money is converted into decimals, which have nine places here and 38 in BigQuery.
            tolerance=1e-8,
        )


@pytest.mark.slow
@pytest.mark.timeout(2400)
class TestBigQuery(DestinationConformance):
    def test_marts_are_clustered_by_customer_and_the_history_by_day(
        self, built: Installation, expected: Expected
    ) -> None:
        destination: Any = built.destination
        with destination._client() as client:
            marts = {name: client.get_table(f"{PROJECT}.kpi.{name}") for name in expected.later}
        assert all(mart.clustering_fields == ["customer_id"] for mart in marts.values())
        assert marts["kpi_daily"].time_partitioning.field == "as_of_date"

    def test_a_job_is_labelled_with_its_customer_and_run(self, built: Installation) -> None:
        project = DbtProject(built.configuration, built.destination)
        variables = {"customers": [{"key": "acme"}], "run_id": "run-1"}
        labels = json.loads(project.compile("{{ query_comment(none) }}", variables))
        assert (labels["customer"], labels["run_id"]) == ("acme", "run-1")


@pytest.fixture
def key_file(tmp_path: Path) -> Iterator[Path]:
    """A service account that Google does not know."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "account.json"
    with scripted(
        Answer(400, {"error": "invalid_grant", "error_description": "Invalid signature"})
    ) as google:
        account = {
            "type": "service_account",
            "client_email": "kpi@acme.iam.gserviceaccount.com",
            "private_key": key.decode(),
            "token_uri": google.url,
        }
        file.write_text(json.dumps(account))
        yield file


OWN_KEY = "KPI_SECRET_ACME_KEY_PATH"


def opened(environment: dict[str, str], home: Path, **warehouse: Any) -> Any:
    configuration = Configuration.from_environment(
        environment | {"KPI_PLATFORM_HOME": str(home), "WAREHOUSE_TYPE": "bigquery"}
    )
    settings = parse_settings({"warehouse": {"type": "bigquery", **warehouse}})
    secrets = CustomerSecrets(configuration, "acme", allowed=frozenset({"WAREHOUSE_PRIVATE_KEY_PATH"}))
    return open_destination(configuration, settings.warehouse, secrets)


def test_a_refused_service_account_is_named_without_its_key(
    tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    public = {BIGQUERY_HOST: "8.8.8.8"}  # where there is no resolver
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: real(public.get(host, host), *rest, **more)
    )
    destination = opened({"WAREHOUSE_PRIVATE_KEY_PATH": str(key_file)}, tmp_path, project="acme")
    with pytest.raises(DestinationUnavailable, match="Invalid signature") as refused:
        destination._sign_in()
    assert "BEGIN PRIVATE" not in str(refused.value)
    assert str(key_file) not in str(refused.value)
    key_file.write_text("{}")
    with pytest.raises(DestinationUnavailable, match="key file"):
        destination.columns(["raw"])


def test_dbt_signs_in_as_the_platform_does(tmp_path: Path, key_file: Path) -> None:
    with_key = opened({OWN_KEY: str(key_file)}, tmp_path, project="acme", credentials_secret=OWN_KEY)
    target = with_key.dbt_target()
    assert (target.output["method"], target.secrets) == ("service-account", {"keyfile": str(key_file)})
    assert with_key.name == f"bigquery acme (kpi) as {OWN_KEY}"
    text = {"KPI_SECRET_ACME_KEY": key_file.read_text()}
    with_text = opened(text, tmp_path, project="acme", credentials_secret="KPI_SECRET_ACME_KEY")
    target = with_text.dbt_target()
    assert target.output["method"] == "service-account-json"
    assert target.secrets["keyfile_json"]["client_email"] == "kpi@acme.iam.gserviceaccount.com"
    assert str(key_file) not in f"{with_key!r} {with_text!r}"
    limit = {"WAREHOUSE_MAXIMUM_BYTES_BILLED": "1000"}
    default = opened(limit, tmp_path, project="acme", dataset="marts")
    assert default.name == "bigquery acme (marts)"
    output = default.dbt_target().output
    assert (output["method"], output["dataset"], output["maximum_bytes_billed"]) == ("oauth", "marts", 1000)
    assert default._job([], {}).maximum_bytes_billed == 1000
    assert replace(default, maximum_bytes_billed=None)._job([], {}).maximum_bytes_billed is None


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"warehouse\.project"):
        opened({}, tmp_path)
    with pytest.raises(MissingConfiguration, match="WAREHOUSE_PRIVATE_KEY_PATH names a file that is"):
        opened({"WAREHOUSE_PRIVATE_KEY_PATH": "/no/such.json"}, tmp_path, project="acme")
    with pytest.raises(MissingConfiguration, match="WAREHOUSE_MAXIMUM_BYTES_BILLED"):
        opened({"WAREHOUSE_MAXIMUM_BYTES_BILLED": "10 GB"}, tmp_path, project="acme")
