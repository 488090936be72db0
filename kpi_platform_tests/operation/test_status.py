"""`kpi-platform status` says what /metrics says, and what is open."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kpi_platform.cli.main import app
from kpi_platform.configuration import Configuration
from kpi_platform.web.app import create_app
from kpi_platform_tests.operation.planting import plant_in_dashboard


@pytest.fixture
def planted(configuration: Configuration, sqlite_engine: sa.Engine) -> Configuration:
    with sqlite_engine.begin() as connection:
        for key in ("acme", "bolt"):
            document = {"salesforce": {"connection_id": f"{key}_1", "schema": f"{key}_1"}}
            plant_in_dashboard(connection, key, f"Mark of {key}", document)
        # What was planted is over; this one is open.
        connection.execute(sa.text("update alerts set cleared_at = null, kind = 'load_held'"))
        connection.execute(sa.text("update check_results set findings = '[]'"))
    return configuration


def status(configuration: Configuration, *arguments: str) -> str:
    environment = dict(configuration.environment) | {"COLUMNS": "200"}
    answer = CliRunner().invoke(app, ["status", *arguments], env=environment)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_the_figures_are_those_of_the_metrics(planted: Configuration) -> None:
    shown = json.loads(status(planted, "--json"))["figures"]
    web = create_app(planted)
    text = web.state.metrics.text(web.state.engine, planted.fivetran_calls_per_hour).decode()
    web.state.engine.dispose()
    told = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if not line.startswith("#")}
    for name, samples in shown.items():
        for sample in samples:
            value = sample.pop("value")
            labels = ",".join(f'{label}="{text}"' for label, text in sorted(sample.items()))
            found = told[f"kpi_platform_{name}" + (f"{{{labels}}}" if labels else "")]
            # Ages go on between the two looks.
            assert found == pytest.approx(value, abs=60), name


def test_one_customer_shows_its_own_and_what_to_do(planted: Configuration) -> None:
    document: dict[str, Any] = json.loads(status(planted, "acme", "--json"))
    (alert,) = document["alerts"]
    assert (alert["customer"], alert["text"]) == ("acme", "Mark of acme")
    assert alert["runbook"] == "docs/runbooks/load_held.md"
    assert document["figures"]["alerts_open"] == [{"kind": "load_held", "value": 1}]
    text = status(planted)
    assert "Mark of bolt" in text
    assert "Active customers" in status(planted, "--figures")


def test_every_customer_has_one_row(planted: Configuration, sqlite_engine: sa.Engine) -> None:
    rows = {line.split()[0]: line for line in status(planted).splitlines() if line[:4] in ("acme", "bolt")}
    assert set(rows) == {"acme", "bolt"}
    assert all("v1, " in row for row in rows.values())
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text("update load_holds set released_at = null, ended_at = null"))
    shown = json.loads(status(planted, "--json"))["customers"]
    assert [(one["customer"], one["alerts"], one["is_held"]) for one in shown] == [
        ("acme", 1, True), ("bolt", 1, True),
    ]  # fmt: skip
    assert status(planted).count(" held ") == 2


def test_an_unknown_customer_is_named(planted: Configuration) -> None:
    answer = CliRunner().invoke(app, ["status", "nobody"], env=dict(planted.environment))
    assert answer.exit_code == 1
    assert "There is no customer 'nobody'" in answer.stderr
