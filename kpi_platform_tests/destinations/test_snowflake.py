"""The conformance suite with dbt-snowflake and Snowflake's connector against fakesnow's HTTP server."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidSettings, MissingConfiguration
from kpi_platform.domain.settings import parse_settings
from kpi_platform_tests.destinations.conformance import DestinationConformance
from kpi_platform_tests.destinations.expected import Expected
from kpi_platform_tests.destinations.installation import Installation
from kpi_platform_tests.destinations.postgres_roles import silent_port
from kpi_platform_tests.destinations.started import Refusal, StartedDestination

if TYPE_CHECKING:
    from kpi_platform_tests.destinations.fakesnow_server import SnowflakeServer

pytestmark = [
    # What fakesnow and Snowflake's client say of the libraries below them.
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::Warning:snowflake.*"),
]

SECRET = "s3cr3t-snow"
RESERVED = re.compile(
    r"all|alter|and|any|as|between|by|case|cast|check|column|connect|constraint|create|cross|current|delete"
    r"|distinct|drop|else|exists|false|following|for|from|full|grant|group|having|ilike|in|increment|inner"
    r"|insert|intersect|into|is|join|lateral|left|like|minus|natural|not|null|of|on|or|order|qualify|regexp"
    r"|revoke|right|rlike|row|rows|sample|set|some|start|table|tablesample|then|to|trigger|true|union|unique"
    r"|update|using|values|when|whenever|where"
)
"""What Snowflake takes for no name without quotes; fakesnow is more generous."""


def write_key(file: Path) -> rsa.RSAPrivateKey:
    key = rsa.generate_private_key(65537, 2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(*form))
    return key


WRONG = "KPI_SECRET_ACME_WRONG"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the user's key, and later a stranger's."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def server(keys: Path) -> Iterator["SnowflakeServer"]:
    from kpi_platform_tests.destinations.fakesnow_server import SnowflakeServer

    started = SnowflakeServer(write_key(keys / "kpi.p8").public_key(), password=SECRET)
    with started.running():
        yield started


@pytest.fixture(scope="module")
def silent() -> Iterator[int]:
    with silent_port() as port:
        yield port


@pytest.fixture(scope="module")
def place(server: "SnowflakeServer", keys: Path, silent: int) -> StartedDestination:
    """The platform signs in with a key, the local Fivetran with a password."""
    write_key(keys / "stranger.p8")
    warehouse = {
        "type": "snowflake", "host": "127.0.0.1", "port": server.port, "database": "lake", "warehouse": "wh",
        "role": "LOADER", "username": "kpi",
    }  # fmt: skip
    landing = {name: warehouse[name] for name in ("host", "port", "database", "warehouse", "role")}
    return StartedDestination(
        service="snowflake",
        landing=landing | {"user": "kpi", "password_env": "LANDING_PASSWORD"},
        warehouse=warehouse,
        environment={"WAREHOUSE_PRIVATE_KEY_PATH": str(keys / "kpi.p8"), "LANDING_PASSWORD": SECRET},
        says_which="snowflake:aws_eu_central_1.xy12345/lake",
        refusals=[
            Refusal("host not allowed", "resolve", "KPI_ALLOWED_HOSTS", {"host": "acme"}),
            Refusal("nothing listens", "connect", "port 1", {"port": 1}),
            Refusal("wrong password", "authenticate", "Incorrect username or password",
                    {"credentials_secret": WRONG}, {WRONG: "wr0ng-s3cr3t"}),
            Refusal("wrong key", "authenticate", "Incorrect username or password",
                    environment={"WAREHOUSE_PRIVATE_KEY_PATH": str(keys / "stranger.p8")}),
            Refusal("never answers", "authenticate", "No answer", {"port": silent}, limit_seconds=5),
            Refusal("unknown user", "authenticate", "Incorrect username or password", {"username": "nobody"}),
            Refusal("unknown role", "authenticate", "Role 'NOBODY'", {"role": "NOBODY"}),
            Refusal("unknown database", "database", "no database nowhere", {"database": "nowhere"}),
            Refusal("unknown warehouse", "database", "no warehouse none", {"warehouse": "none"}),
            Refusal("unknown schema", "schema", "nowhere", raw_schema="nowhere"),
        ],
        secrets=[SECRET, "wr0ng-s3cr3t"],
        json=("variant", "parse_json({})"),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(2400)
class TestSnowflake(DestinationConformance):
    def test_every_session_carries_customer_and_run(
        self, built: Installation, server: "SnowflakeServer", expected: Expected
    ) -> None:
        keys = ",".join(one.key for one in expected.customers)
        assert f'{{"customer": "{keys}", "run_id": "run-1"}}' in server.tags
        list(built.destination.read_mart("kpi_values", "classic_d", ["kpi"]))
        assert server.tags[-1] == '{"customer": "classic_d"}'

    def test_a_refresh_scans_its_own_customers_alone(
        self, built: Installation, server: "SnowflakeServer", expected: Expected
    ) -> None:
        """Of all statements since the start: what reads or deletes from a mart names the customers."""
        marts = "|".join(expected.later)
        scans = [
            (mart, filtered)
            for text in server.statements
            for mart, filtered in re.findall(
                rf"\b(?:from|join)\s+lake\.kpi\.({marts})\b(\s+where\s+customer_id in \('|)", text
            )
        ]
        assert {mart for mart, _ in scans} == set(expected.later)
        assert all(filtered for _, filtered in scans)

    def test_no_name_is_a_reserved_word(self, built: Installation, server: "SnowflakeServer") -> None:
        text = re.sub(r"--[^\n]*", "", " ".join(server.statements).lower())
        assert re.findall(r".{60}\bas null.{60}", text) == []
        names = set(re.findall(r"\bas (\w+)", text)) | set(re.findall(r"(\w+) as \(\s*(?:select|with)", text))
        assert {"accounts", "final"} <= names
        assert not [name for name in names if RESERVED.fullmatch(name)]

    def test_marts_are_clustered_by_customer_and_replaced_in_one_transaction(
        self, built: Installation, server: "SnowflakeServer", expected: Expected
    ) -> None:
        """The replacement is that of the further build above."""
        clustered = " ".join(text for text in server.statements if "cluster by (customer_id)" in text)
        assert all(f"lake.kpi.{mart}" in clustered for mart in expected.later)
        statements = [re.sub(r"/\*.*", "", text).strip(" ;\n") for text in server.statements]
        deletes = [place for place, text in enumerate(statements) if text.startswith("delete from lake.kpi.")]
        assert len(deletes) >= len(expected.later)
        for place in deletes:
            before, _, inserted, after = statements[place - 1 : place + 3]
            assert (before.lower(), inserted[:11], after.lower()) == ("begin", "insert into", "commit")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(tmp_path)})

    def opened(**warehouse: Any) -> object:
        settings = parse_settings({"warehouse": {"type": "snowflake", **warehouse}})
        secrets = CustomerSecrets(configuration, "acme", allowed=frozenset({"WAREHOUSE_PASSWORD"}))
        reached = {**configuration.environment, "KPI_ALLOWED_HOSTS": "org-acme"}
        secrets = replace(secrets, configuration=replace(configuration, environment=reached))
        return open_destination(secrets.configuration, settings.warehouse, secrets)

    account = {"host": "org-acme", "database": "d", "warehouse": "w", "username": "u"}
    with pytest.raises(InvalidSettings, match=r"warehouse\.database, warehouse\.warehouse"):
        opened(host="org-acme", username="u")
    with pytest.raises(MissingConfiguration, match="WAREHOUSE_PASSWORD"):
        opened(**account)
    configuration = replace(configuration, environment={"WAREHOUSE_PRIVATE_KEY_PATH": "/no/such/key.p8"})
    with pytest.raises(MissingConfiguration, match="WAREHOUSE_PRIVATE_KEY_PATH names a file that is"):
        opened(**account)
    configuration = replace(configuration, environment={"WAREHOUSE_PASSWORD": SECRET})
    destination: Any = opened(**account)
    assert destination.name == "snowflake u@org-acme.snowflakecomputing.com/d (kpi) on w as its own role"
    assert SECRET not in f"{destination!r} {destination.dbt_target().output}"
