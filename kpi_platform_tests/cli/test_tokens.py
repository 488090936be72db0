"""`kpi-platform token …`"""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from kpi_platform.cli import customers, tokens

app = typer.Typer()
customers.register(app)
tokens.register(app)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_PLATFORM_HOME", str(tmp_path))
    monkeypatch.delenv("DASHBOARD_DATABASE_URL", raising=False)
    assert run("customer", "add", "acme").exit_code == 0


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_a_token_is_created_listed_and_revoked() -> None:
    created = json.loads(
        run("token", "create", "ann", "--customer", "acme", "--scope", "write", "--json").stdout
    )
    assert created["token"].startswith("kpi_")
    assert (created["customer"], created["scope"], created["expires_at"] is not None) == (
        "acme",
        "write",
        True,
    )
    listed = run("token", "list", "--json").stdout
    assert created["token"] not in listed
    assert [one["name"] for one in json.loads(listed)] == ["ann"]
    assert json.loads(run("token", "revoke", str(created["id"]), "--json").stdout)["revoked_at"] is not None
    assert run("token", "revoke", "99").exit_code == 1


def test_the_token_is_the_last_line_so_that_a_script_can_take_it() -> None:
    answer = run("token", "create", "ops", "--operator", "--scope", "admin", "--days", "0")
    assert answer.stdout.splitlines()[-1].startswith("kpi_")
    [token] = json.loads(run("token", "list", "--json").stdout)
    assert (token["customer"], token["expires_at"]) == (None, None)


@pytest.mark.parametrize("whose", [(), ("--customer", "acme", "--operator"), ("--customer", "nobody")])
def test_a_token_belongs_to_one_customer_or_to_operators(whose: tuple[str, ...]) -> None:
    assert run("token", "create", "ann", *whose).exit_code == 1
    assert json.loads(run("token", "list", "--json").stdout) == []


def test_a_link_to_sign_in_is_printed_at_any_time_and_bound_to_a_customer() -> None:
    links = [run("sign-in").stdout.strip(), run("sign-in", "--customer", "acme").stdout.strip()]
    assert all(link.startswith("http://127.0.0.1:8080/sign-in/link?key=") for link in links)
    listed = json.loads(run("token", "list", "--json").stdout)
    assert [(one["customer"], one["scope"]) for one in listed] == [(None, "admin"), ("acme", "write")]
    assert json.loads(run("sign-in", "--scope", "read", "--json").stdout).keys() == {"link", "expires_at"}
    refused = run("sign-in", "--customer", "nobody")
    assert (refused.exit_code, "nobody" in refused.stderr) == (1, True)
