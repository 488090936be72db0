"""How Redshift is signed in to; nothing here connects."""

from dataclasses import replace
from typing import Any

import pytest
from dbt.adapters.redshift.connections import RedshiftCredentials

from kpi_platform.adapters.destination.redshift_connection import RedshiftConnection
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import (
    DestinationUnavailable,
    InvalidInput,
    InvalidSettings,
    MissingConfiguration,
)
from kpi_platform.domain.settings import parse_settings

CLUSTER = "sales.c0ffee1234.eu-west-1.redshift.amazonaws.com"
WORKGROUP = "reports.123456789012.us-east-2.redshift-serverless.amazonaws.com"


def connection(environment: dict[str, str] | None = None, **warehouse: Any) -> RedshiftConnection:
    settings = parse_settings({"warehouse": {"type": "redshift", "database": "dev", **warehouse}})
    configuration = Configuration.from_environment({"KPI_ALLOWED_HOSTS": "*", **(environment or {})})
    secrets = CustomerSecrets(configuration, "acme", allowed=frozenset({"WAREHOUSE_PASSWORD"}))
    return RedshiftConnection.from_settings(configuration, settings.warehouse, secrets)


def dbt_credentials(one: RedshiftConnection) -> RedshiftCredentials:
    """The profile's output as dbt-redshift takes it."""
    output = dict(one.dbt_target("kpi").output)
    output.pop("type")
    output.pop("threads")
    data = RedshiftCredentials.translate_aliases(output)
    RedshiftCredentials.validate(data)
    credentials: RedshiftCredentials = RedshiftCredentials.from_dict(data)
    return credentials


def test_a_password_signs_in_over_tls_and_is_in_no_profile() -> None:
    one = connection({"WAREHOUSE_PASSWORD": "s3cr3t"}, host=CLUSTER, username="kpi")
    arguments = one.driver_arguments()
    assert (arguments["user"], arguments["password"], arguments["host"]) == ("kpi", "s3cr3t", CLUSTER)
    assert (arguments["ssl"], arguments["sslmode"]) == (True, "verify-ca")
    target = one.dbt_target("kpi")
    assert "s3cr3t" not in str(target.output) + repr(one)
    assert list(target.secrets.values()) == ["s3cr3t"]
    assert dbt_credentials(one).method == "database"


def test_a_cluster_without_a_password_signs_in_through_iam() -> None:
    one = connection(host=CLUSTER, username="kpi")
    arguments = one.driver_arguments()
    assert arguments["iam"] is True
    assert (arguments["cluster_identifier"], arguments["region"]) == ("sales", "eu-west-1")
    assert arguments["db_user"] == "kpi"
    assert "password" not in arguments
    credentials = dbt_credentials(one)
    assert (credentials.method, credentials.cluster_id, credentials.user) == ("iam", "sales", "kpi")


def test_a_workgroup_signs_in_as_the_role_of_the_caller() -> None:
    one = connection(host=WORKGROUP)
    arguments = one.driver_arguments()
    assert (arguments["serverless_work_group"], arguments["region"]) == ("reports", "us-east-2")
    assert (arguments["host"], arguments["is_serverless"]) == (WORKGROUP, True)
    assert arguments["group_federation"] is False
    credentials = dbt_credentials(one)
    assert (credentials.method, credentials.serverless_work_group) == ("iam_role", "reports")


def test_a_host_outside_of_amazon_needs_a_password() -> None:
    with pytest.raises(MissingConfiguration, match="WAREHOUSE_PASSWORD"):
        connection(host="proxy.example.com", username="kpi")
    with pytest.raises(MissingConfiguration, match="KPI_SECRET_ACME_PASSWORD"):
        connection(host=CLUSTER, username="kpi", credentials_secret="KPI_SECRET_ACME_PASSWORD")
    with pytest.raises(InvalidSettings, match=r"warehouse\.username"):
        connection({"WAREHOUSE_PASSWORD": "s3cr3t"}, host=CLUSTER)
    with pytest.raises(InvalidSettings, match=r"warehouse\.host"):
        connection(username="kpi")


def test_an_unknown_tls_mode_names_the_variable() -> None:
    with pytest.raises(InvalidInput, match="WAREHOUSE_SSLMODE"):
        connection({"WAREHOUSE_PASSWORD": "x", "WAREHOUSE_SSLMODE": "maybe"}, host=CLUSTER, username="kpi")


def test_missing_aws_credentials_are_an_unavailable_destination(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    with (
        pytest.raises(DestinationUnavailable, match="AWS credentials"),
        replace(connection(host=WORKGROUP), address="127.0.0.1").opened("-"),
    ):
        pass
