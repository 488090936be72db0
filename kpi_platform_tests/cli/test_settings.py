"""`kpi-platform settings …` and `customer …`: what they print, store and refuse, and their exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from kpi_platform.cli import customers, settings
from kpi_platform.configuration import Configuration
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.settings.reference import settings_reference
from kpi_platform.local.server import running
from kpi_platform_tests.pipeline.uncomputable import COMPUTABLE, UNCOMPUTABLE, land_cases

app = typer.Typer()
customers.register(app)
settings.register(app)


class Terminal:
    """Runs commands on an empty home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(app, arguments, input=given)

    def ok(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--json"))

    def refused(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        return result.stderr

    def file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_pauses: None) -> Terminal:
    monkeypatch.setenv("KPI_PLATFORM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FIVETRAN_API_URL", "http://127.0.0.1:9")
    for name in ("DASHBOARD_DATABASE_URL", "SALESFORCE_CONNECTOR_ID", "SERVICENOW_CONNECTOR_ID"):
        monkeypatch.delenv(name, raising=False)
    return Terminal(tmp_path)


def test_a_customer_is_added_listed_shown_and_removed(terminal: Terminal) -> None:
    assert "no customers yet" in terminal.ok("customer", "list")
    terminal.ok("customer", "add", "acme", "--name", "Acme Ltd")
    (row,) = terminal.json("customer", "list")
    assert (row["key"], row["name"], row["next_sync"]) == ("acme", "Acme Ltd", None)
    shown = terminal.json("customer", "show", "acme")
    assert [source["schema"] for source in shown["sources"]] == ["salesforce_crm", "servicenow_itsm"]
    assert terminal.run("customer", "remove", "acme", given="n\n").exit_code == 1
    terminal.ok("customer", "remove", "acme", "--yes")
    assert terminal.json("customer", "list") == []
    assert "no customer 'acme'" in terminal.refused("customer", "show", "acme")


def test_a_customer_is_added_with_its_settings_or_not_at_all(terminal: Terminal) -> None:
    file = terminal.file("acme.json", {"servicenow": {"enabled": False}})
    options = (
        "--settings",
        file,
        "--salesforce-connection",
        "sf",
        "--salesforce-schema",
        "crm",
        "--no-apply",
    )
    terminal.ok("customer", "add", "acme", *options)
    assert "belongs to customer 'acme'" in terminal.refused("customer", "add", "bolt", *options)
    assert "does not answer" in terminal.refused(
        "customer", "add", "bolt", "--salesforce-connection", "other"
    )
    assert [row["key"] for row in terminal.json("customer", "list")] == ["acme"]


def test_connections_are_created_and_the_pages_to_sign_in_on_printed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = {"accounts": 3, "history_days": 5}
    there = Configuration.from_environment({"KPI_PLATFORM_HOME": str(terminal.folder / "there")})
    with running(there, sample=sample) as url:
        monkeypatch.setenv("FIVETRAN_API_URL", url)
        printed = terminal.ok(
            "customer", "add", "acme", "--create", "salesforce", "--salesforce-url",
            "https://acme.my.salesforce.com", "--frequency", "60",
        )  # fmt: skip
        assert "every 60 minutes" in printed
        assert f"{url}/" in printed.split("who signs in there")[1]
        done = terminal.json("customer", "connect", "acme", "--create", "servicenow")
        [itsm] = done["connections"]
        assert (itsm["schema"], itsm["created"]) == ("acme_servicenow", True)
        taken = terminal.refused("customer", "add", "bolt", "--servicenow-connection", itsm["connection_id"])
        assert "belongs to customer 'acme'" in taken
        # Another customer with one source only is in nobody's way.
        terminal.ok("customer", "add", "bolt", "--create", "salesforce")
    assert "--create salesforce" in terminal.refused("customer", "connect", "acme")


def test_a_second_customer_on_the_default_schemas_is_told_which_setting_to_change(terminal: Terminal) -> None:
    file = terminal.file("any.json", {"update": {"mode": "replace"}})
    terminal.ok("customer", "add", "acme", "--settings", file)
    refusal = terminal.refused("customer", "add", "bolt", "--settings", file)
    assert "Set salesforce.schema of 'bolt'" in refusal
    assert "bolt_salesforce" in refusal


def test_a_second_customer_is_told_that_variables_no_longer_name_connections(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESFORCE_CONNECTOR_ID", "sf")
    assert terminal.run("customer", "add", "acme").stderr == ""
    assert terminal.json("customer", "list")[0]["salesforce"] == "sf"
    assert "SALESFORCE_CONNECTOR_ID no longer" in terminal.run("customer", "add", "bolt").stderr
    assert [row["salesforce"] for row in terminal.json("customer", "list")] == [None, None]


def test_a_malformed_key_is_refused(terminal: Terminal) -> None:
    assert "'Acme!' is not a customer key" in terminal.refused("customer", "add", "Acme!")


@pytest.mark.parametrize("name", ["platform_config", "settings_page"])
def test_a_file_of_an_older_set_up_is_imported_and_says_what_it_renamed(
    terminal: Terminal, shared: Path, name: str
) -> None:
    terminal.ok("customer", "add", "acme")
    file = str(shared / f"data/legacy_settings/{name}.json")
    printed = terminal.ok("settings", "import", "acme", file, "--no-apply")
    assert "Renamed" in printed
    assert "Saved as version 1" in printed


def test_an_import_is_stored_as_a_version_and_can_be_taken_back(terminal: Terminal) -> None:
    terminal.ok("customer", "add", "acme")
    first = terminal.file("first.json", {"update": {"mode": "replace"}})
    second = terminal.file("second.yaml", "update: {mode: upsert}\nalerts: {on_stale_hours: 48}\n")
    assert terminal.json("settings", "import", "acme", first)["version"] == 1
    assert terminal.json("settings", "import", "acme", second)["changes"] == [
        {"path": "update.mode", "old": "replace", "new": "upsert"},
        {"path": "alerts.on_stale_hours", "old": 24, "new": 48},
    ]
    assert terminal.json("settings", "restore", "acme", "1")["version"] == 3
    versions = terminal.json("settings", "history", "acme")
    assert [version["version"] for version in versions] == [3, 2, 1]
    assert versions[0]["note"] == "Restored version 1."
    assert {"path": "update.mode", "before": None, "after": "replace"} in versions[0]["changes"]
    shown = terminal.ok("settings", "history", "acme")
    assert all(word in shown for word in ("update.mode:", "upsert", "replace"))
    assert json.loads(terminal.ok("settings", "show", "acme", "--json"))["update"]["mode"] == "replace"
    assert "no settings version 9" in terminal.refused("settings", "restore", "acme", "9")


def test_a_dry_run_stores_nothing(terminal: Terminal) -> None:
    terminal.ok("customer", "add", "acme")
    file = terminal.file("new.json", {"salesforce": {"connection_id": "sf"}})
    assert "Nothing was saved" in terminal.ok("settings", "import", "acme", file, "--dry-run")
    assert terminal.json("settings", "history", "acme") == []


def test_what_fivetran_does_not_take_is_not_stored(terminal: Terminal) -> None:
    terminal.ok("customer", "add", "acme")
    file = terminal.file("new.json", {"salesforce": {"connection_id": "sf"}})
    assert "does not answer" in terminal.refused("settings", "import", "acme", file)
    assert terminal.json("settings", "history", "acme") == []


def test_a_custom_kpi_that_cannot_be_computed_is_refused_at_its_field(terminal: Terminal) -> None:
    land_cases(terminal.folder / "home" / "warehouse.duckdb", "salesforce_crm")
    terminal.ok("customer", "add", "acme")
    for what, (change, path) in UNCOMPUTABLE.items():
        document = {"servicenow": {"enabled": False}, "custom_kpis": [{**COMPUTABLE, **change}]}
        file = terminal.file("kpis.json", document)
        assert f"custom_kpis.0.{path} " in terminal.refused("settings", "import", "acme", file), what
        assert f"custom_kpis.0.{path} " in terminal.refused("customer", "add", "bolt", "--settings", file)
    assert terminal.json("settings", "history", "acme") == []
    document = {"servicenow": {"enabled": False}, "custom_kpis": [COMPUTABLE]}
    terminal.ok("settings", "import", "acme", terminal.file("kpis.json", document))


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_an_export_can_be_imported_again(terminal: Terminal, suffix: str) -> None:
    terminal.ok("customer", "add", "acme")
    terminal.ok("settings", "import", "acme", terminal.file("a.json", {"update": {"mode": "replace"}}))
    path = terminal.folder / f"export.{suffix}"
    terminal.ok("settings", "export", "acme", str(path))
    exported = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert exported["update"]["mode"] == "replace"
    assert list(exported) == list(CustomerSettings().document())
    assert terminal.json("settings", "import", "acme", str(path))["changes"] == []
    # Names that the prefix makes are not in the file, and follow it.
    exported["servicenow"]["table_prefix"] = "x_"
    changed = terminal.json("settings", "import", "acme", terminal.file("b.json", exported))["changes"]
    assert {"servicenow.table_prefix", "servicenow.custom_fields.satisfaction_rating"} <= {
        one["path"] for one in changed
    }


def test_a_file_that_was_exported_and_imported_again_leaves_later_variables_in_force(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.ok("customer", "add", "acme")
    path = str(terminal.folder / "acme.yaml")
    terminal.ok("settings", "export", "acme", path)
    terminal.ok("settings", "import", "acme", path, "--no-apply")
    monkeypatch.setenv("WAREHOUSE_TYPE", "postgres")
    shown = json.loads(terminal.ok("settings", "show", "acme", "--json"))
    assert shown["warehouse"]["type"] == "postgres"


def test_an_imported_file_that_repeats_every_default_leaves_later_variables_in_force(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.ok("customer", "add", "acme")
    path = terminal.file("acme.json", CustomerSettings().document())
    terminal.ok("settings", "import", "acme", path, "--no-apply")
    monkeypatch.setenv("WAREHOUSE_TYPE", "postgres")
    shown = json.loads(terminal.ok("settings", "show", "acme", "--json"))
    assert shown["warehouse"]["type"] == "postgres"


def test_settings_are_shown_as_table_json_and_yaml(terminal: Terminal) -> None:
    terminal.ok("customer", "add", "acme")
    shown = json.loads(terminal.ok("settings", "show", "acme", "--json"))
    assert shown == yaml.safe_load(terminal.ok("settings", "show", "acme", "--yaml"))
    assert shown["fivetran"].keys() >= {"last_sync", "next_sync"}
    assert "account_matching.threshold" in terminal.ok("settings", "show", "acme", "--all")
    assert "account_matching.threshold" not in terminal.ok("settings", "show", "acme")


def test_wrong_settings_are_refused_with_every_field(terminal: Terminal) -> None:
    wrong = terminal.file("wrong.json", {"fivetran": {"sync_freq": 1}, "update": {"mode": "merge"}})
    for command in (("settings", "validate", wrong), ("settings", "import", "acme", wrong)):
        message = terminal.refused(*command)
        assert "fivetran.sync_freq" in message
        assert "update.mode must be 'upsert' or 'replace'" in message
    result = terminal.run("settings", "validate", wrong, "--json")
    assert result.exit_code == 1
    errors = json.loads(result.stdout)["error"]["details"]["errors"]
    assert [error["field"] for error in errors] == ["fivetran.sync_freq", "update.mode"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", '{"fivetran": ', "line 1"),
        ("a.yaml", "fivetran:\n  - a\n b: c\n", "line 3"),
        ("a.yaml", "just text", "no settings document"),
    ],
)
def test_a_file_that_is_no_document_is_refused_with_the_place(
    terminal: Terminal, name: str, content: str, message: str
) -> None:
    assert message in terminal.refused("settings", "validate", terminal.file(name, content))


def test_a_missing_file_and_an_unknown_customer_are_named(terminal: Terminal) -> None:
    assert "nowhere.json" in terminal.refused("settings", "validate", str(terminal.folder / "nowhere.json"))
    file = terminal.file("a.json", {})
    assert "no customer 'nobody'" in terminal.refused("settings", "import", "nobody", file)


def test_a_document_is_read_from_standard_input(terminal: Terminal) -> None:
    result = terminal.run("settings", "validate", "-", given="update: {mode: replace}")
    assert result.exit_code == 0


def test_wrong_usage_has_its_own_exit_code(terminal: Terminal) -> None:
    assert terminal.run("settings", "restore", "acme", "first").exit_code == 2
    assert terminal.run("customer", "add").exit_code == 2


def test_the_reference_page_is_printed(terminal: Terminal) -> None:
    assert terminal.ok("settings", "docs") == settings_reference()
