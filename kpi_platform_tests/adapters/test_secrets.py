"""Whose a secret is, and that nothing else resolves."""

from pathlib import Path
from typing import Any

import pytest

from kpi_platform.adapters.secrets import CustomerSecrets, hidden, unless_it_tells
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration, SecretNotAllowed
from kpi_platform.domain.settings import WarehouseSettings, parse_settings

PLACE: dict[str, Any] = {
    "type": "postgres", "host": "Db.Example.com", "database": "lake", "username": "kpi",
}  # fmt: skip
ENVIRONMENT = {f"WAREHOUSE_{name.upper()}": value for name, value in PLACE.items()} | {
    "WAREHOUSE_PASSWORD": "of the installation",
    "KPI_SECRET_A_X": "a",
    "KPI_SECRET_A_B_X": "of a_b",
    "KPI_SECRET_A_": "nobody's",
    "KPI_SECRET_GLOBEX_X": "globex",
    "KPI_SESSION_KEY": "session",
    "LISTED": "listed",
}


def secrets(customer: str = "a", environment: dict[str, str] | None = None, **known: Any) -> CustomerSecrets:
    configuration = Configuration.from_environment(ENVIRONMENT | (environment or {}))
    return CustomerSecrets(configuration, customer, **known)


def warehouse(environment: dict[str, str] = ENVIRONMENT, **section: Any) -> WarehouseSettings:
    return parse_settings({"warehouse": section}, environment=environment).warehouse


def test_a_name_of_the_customer_s_own_form_resolves() -> None:
    assert secrets().secret("KPI_SECRET_A_X").text() == "a"


@pytest.mark.parametrize(
    "name",
    [
        "KPI_SECRET_GLOBEX_X",
        "KPI_SECRET_A_",
        "KPI_SESSION_KEY",
        "WAREHOUSE_PASSWORD",
        "LISTED",
        "PATH",
        "kpi_secret_a_x",
    ],
)
def test_nothing_else_resolves(name: str) -> None:
    with pytest.raises(SecretNotAllowed, match=name) as refused:
        secrets().secret(name)
    assert ENVIRONMENT.get(name, "no value") not in str(refused.value)


def test_a_name_belongs_to_the_customer_with_the_longest_key() -> None:
    with pytest.raises(SecretNotAllowed):
        secrets("a", longer_keys=frozenset({"a_b"})).secret("KPI_SECRET_A_B_X")
    assert secrets("a_b").secret("KPI_SECRET_A_B_X").text() == "of a_b"
    assert secrets("a", longer_keys=frozenset({"a_b"})).secret("KPI_SECRET_A_X").text() == "a"


def test_what_the_operator_lists_resolves_for_that_customer_alone() -> None:
    assert secrets(allowed=frozenset({"LISTED"})).secret("LISTED").text() == "listed"
    with pytest.raises(SecretNotAllowed, match="kpi-platform secret allow globex LISTED"):
        secrets("globex").secret("LISTED")


def test_the_installation_s_credentials_go_to_its_default_place() -> None:
    for same in ({}, {"host": "db.example.com."}, {"port": 5432}, {"username": "other"}, {"schema": "marts"}):
        found = secrets().credential(warehouse(**same))
        assert (found and found.name, found and found.text()) == ("WAREHOUSE_PASSWORD", "of the installation")


@pytest.mark.parametrize(
    "other",
    [
        {"host": "evil.example"},
        {"host": "db.example.com.evil.example"},
        {"port": 6543},
        {"database": "other"},
        {"type": "redshift"},
        {"type": "snowflake", "warehouse": "w"},
        {"type": "bigquery", "project": "p"},
        {"host": "evil.example", "credentials_secret": "WAREHOUSE_PASSWORD"},
        {"type": "bigquery", "project": "p", "credentials_secret": "WAREHOUSE_PRIVATE_KEY_PATH"},
    ],
)
def test_another_place_needs_a_secret_of_its_own(other: dict[str, Any]) -> None:
    with pytest.raises(SecretNotAllowed, match=r"needs a secret .*KPI_SECRET_A_.*secret allow a WARE"):
        secrets().credential(warehouse(**other))
    named = warehouse(**{**other, "credentials_secret": "KPI_SECRET_A_X"})
    found = secrets().credential(named)
    assert found and found.text() == "a"
    if other.get("type") != "bigquery":
        allowed = secrets(allowed=frozenset({"WAREHOUSE_PASSWORD"})).credential(warehouse(**other))
        assert allowed and allowed.text() == "of the installation"


def test_without_credentials_of_the_installation_another_place_is_refused_too() -> None:
    """What the process itself is signed in as (Google's or AWS's credentials) is the installation's."""
    bare = Configuration.from_environment({"WAREHOUSE_TYPE": "bigquery", "WAREHOUSE_PROJECT": "ours"})
    mine = CustomerSecrets(bare, "a")
    assert mine.credential(warehouse(dict(bare.environment))) is None
    with pytest.raises(SecretNotAllowed):
        mine.credential(warehouse(dict(bare.environment), project="theirs"))
    with pytest.raises(SecretNotAllowed):
        mine.credential(warehouse(dict(bare.environment), host="evil.example"))


def test_a_value_is_a_path_where_its_name_says_so_and_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")
    names = {"KPI_SECRET_A_X_FILE": str(file), "KPI_SECRET_A_X_PATH": str(file), "KPI_SECRET_A_X": str(file)}
    read = {name: secrets(environment=names).secret(name).text() for name in names}
    assert read == {
        "KPI_SECRET_A_X_FILE": "from the file",
        "KPI_SECRET_A_X_PATH": "from the file",
        "KPI_SECRET_A_X": str(file),
    }


@pytest.mark.parametrize("value", ["/no/such/s3cr3t", "s3cr3t\x00", "s3cr3t" * 999, "/"])
def test_a_file_that_cannot_be_read_is_named_by_its_variable_alone(value: str) -> None:
    found = secrets(environment={"KPI_SECRET_A_X_FILE": value}).secret("KPI_SECRET_A_X_FILE")
    with pytest.raises(MissingConfiguration, match="KPI_SECRET_A_X_FILE names a file") as refused:
        found.text()
    assert value not in str(refused.value)
    assert value not in repr(found)


def test_what_an_upgrade_has_listed_is_read_as_before(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("key")
    listed = frozenset({"ACME_KEY"})
    before = secrets(environment={"ACME_KEY": str(file)}, allowed=listed, as_before=listed)
    assert before.secret("ACME_KEY").text() == "key"
    assert secrets(environment={"ACME_KEY": str(file)}, allowed=listed).secret("ACME_KEY").text() == str(file)


def test_a_secret_is_hidden_however_it_is_spelled() -> None:
    value = "p@ss w\\rd"
    for told in (value, "postgresql://u:p%40ss%20w%5Crd@h/d", "p%40ss+w%5Crd", repr(value)):
        assert "rd" not in hidden(f"cannot use {told}", value).replace("word", "")
    assert hidden("unchanged", None, "") == "unchanged"


def test_an_error_is_not_raised_from_what_tells_the_secret() -> None:
    quiet, outer = ValueError("no"), RuntimeError("outer")
    outer.__cause__ = ValueError("dsn with s3cr3t")
    assert unless_it_tells(quiet, "s3cr3t") is quiet
    assert unless_it_tells(outer, "s3cr3t") is None
