"""`kpi-platform secret …`, and what doctor says of secrets."""

import json
from pathlib import Path

import sqlalchemy as sa

from kpi_platform.cli.doctor_checks import Diagnosis, _secrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database, tables
from kpi_platform.dashboard.allowed_secrets import allow_secret
from kpi_platform.dashboard.audit import audit_events
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.pipeline.planning import plan_batches
from kpi_platform_tests.pipeline.test_batch import AS_OF

PLACE = {"type": "postgres", "host": "127.0.0.1", "port": 1, "database": "d", "username": "u"}
ALLOW = ("secret", "allow", "acme", "SHARED_PASSWORD")


def save(engine: sa.Engine, key: str, **warehouse: object) -> None:
    with engine.begin() as connection:
        add_customer(connection, key, key)
        own = {"salesforce": {"schema": f"{key}_sf"}, "servicenow": {"enabled": False}}
        save_settings(connection, key, {"warehouse": {**PLACE, **warehouse}, **own}, who="test")


def test_a_name_is_allowed_listed_and_forbidden_and_the_audit_trail_says_so(
    tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    save(sqlite_engine, "acme", credentials_secret="SHARED_PASSWORD")
    environment = {"DASHBOARD_DATABASE_URL": str(sqlite_engine.url), "SHARED_PASSWORD": "s3cr3t"}

    def listed() -> tuple[str, str]:
        answer = run_command(tmp_path, "secret", "list", "acme", "--json", **environment)
        assert "s3cr3t" not in answer.stdout
        (one,) = json.loads(answer.stdout)
        return one["right"], one["problem"]

    assert listed() == ("refused", "SHARED_PASSWORD is no secret of customer acme.")
    assert run_command(tmp_path, *ALLOW, **environment).exit_code == 0
    assert listed() == ("listed", "")
    for command in (["forbid", "acme", "SHARED_PASSWORD"], ["allow", "acme", "KPI_SECRET_ACME_OWN"]):
        assert run_command(tmp_path, "secret", *command, **environment).exit_code == 0
    assert listed()[0] == "refused"
    again = run_command(tmp_path, "secret", "forbid", "acme", "SHARED_PASSWORD", **environment)
    assert again.exit_code == 1
    with sqlite_engine.connect() as connection:
        events = [(event.action, event.target) for event in audit_events(connection, "acme")]
    assert events == [("secret.forbid", "SHARED_PASSWORD"), ("secret.allow", "SHARED_PASSWORD")]


def test_doctor_says_of_a_former_home_what_is_to_be_done(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    save(sqlite_engine, "older", credentials_secret="OLD_PASSWORD")
    save(sqlite_engine, "globex", credentials_secret="OLD_PASSWORD")
    save(sqlite_engine, "away", credentials_secret="WAREHOUSE_PASSWORD")
    database.downgrade(sqlite_engine, "0007")
    database.upgrade(sqlite_engine)
    environment = {
        **configuration.environment, "DASHBOARD_DATABASE_URL": str(sqlite_engine.url),
        "OLD_PASSWORD": "s3cr3t", "WAREHOUSE_PASSWORD": "s3cr3t", "WAREHOUSE_TYPE": "postgres",
        "WAREHOUSE_HOST": "db.example.com",
    }  # fmt: skip
    found = list(_secrets(Configuration.from_environment(environment)))
    by_customer: dict[str, Diagnosis] = {one.check.rpartition(" ")[2]: one for one in found}
    assert len(found) == 3
    assert by_customer["away"].verdict == "failed"
    assert "needs a secret of its own" in by_customer["away"].detail
    assert "KPI_SECRET_AWAY_PASSWORD" in by_customer["away"].next_step
    assert by_customer["older"].verdict == "warning"
    assert "OLD_PASSWORD is allowed by the upgrade" in by_customer["older"].detail
    assert "globex may name it too" in by_customer["older"].detail
    assert "secret allow older OLD_PASSWORD" in by_customer["older"].next_step
    assert "s3cr3t" not in str(found)
    with sqlite_engine.begin() as connection:
        for key in ("older", "globex"):
            allow_secret(connection, key, "OLD_PASSWORD", who="operator")
        connection.execute(sa.delete(tables.customer_settings_versions).where(sa.text("customer_id = 3")))
    (sound,) = _secrets(Configuration.from_environment(configuration.environment | {
        "DASHBOARD_DATABASE_URL": str(sqlite_engine.url), "OLD_PASSWORD": "s3cr3t",
    }))  # fmt: skip
    assert sound.verdict == "ok"


def test_customers_of_one_place_do_not_sign_in_with_each_other_s_secret(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    values = {"KPI_SECRET_ONE_PASSWORD": "right", "KPI_SECRET_TWO_PASSWORD": "wrong"}
    allowed = {"KPI_ALLOWED_HOSTS": "127.0.0.1"}
    for key in ("one", "two"):
        save(sqlite_engine, key, credentials_secret=f"KPI_SECRET_{key.upper()}_PASSWORD")
    here = Configuration.from_environment({**configuration.environment, **values, **allowed})
    batches = plan_batches(here, sqlite_engine, ["one", "two"], AS_OF)
    assert [set(batch.left_out) for batch in batches] == [{"one"}, {"two"}]
    assert "right" not in str(batches)
