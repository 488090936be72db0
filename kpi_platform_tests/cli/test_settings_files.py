"""Text that the two formats of a settings file allow, and that nobody intends, is refused in one sentence."""

import json
from pathlib import Path

import pytest

from kpi_platform.cli.settings_files import as_text, read_document
from kpi_platform.domain.errors import InvalidInput, InvalidSettings
from kpi_platform.domain.json_text import parse_json
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform_tests.cli.commands import run_command

FIELD_CASES: dict[str, str | None] = {
    "anchors.yaml": "x-common is not a setting",
    "anchors2.yaml": None,
    "bom.yaml": None,
    "bomb.yaml": "line 6, f: its anchors make more than",
    "comment.yaml": "holds no settings document",
    "dup.json": "line 1: the key 'threshold' stands there for the second time",
    "dup_key.yaml": "line 4, account_matching.threshold: the key stands there for the second time",
    "dup_section.yaml": "line 4, kpi_mappings: the key stands there for the second time",
    "empty.yaml": "holds no settings document",
    "keys.yaml": "line 1, yes: a key must be text",
    "latin1.yaml": "it is not UTF-8 text",
    "list.yaml": "holds no settings document",
    "multidoc.yaml": "line 3, column 1: expected a single document",
    "nan.json": "account_matching.threshold must be a number",
    "nan.yaml": "kpi_mappings.nps.thresholds.healthy must be a number",
    "no_category.yaml": "kpi_mappings.nps.category must be text",
    "norway.yaml": "line 4, kpi_mappings.net_revenue_retention.types.renewal.4: YAML would read 12:30:45",
    "null.yaml": "holds no settings document",
    "octal.yaml": "line 1, kpi_mappings.csat.window_days: YAML would read 0060",
    "off.yaml": "fivetran.timezone must be text",
    "py.yaml": "line 1: the tag tag:yaml.org,2002:python/object/apply:os.system is not read",
    "sci.yaml": "kpi_mappings.support_ticket_volume.window_days must be a whole number",
    "selfref.yaml": "line 1, kpi_mappings.csat: it holds itself",
    "sexagesimal.yaml": "line 1, kpi_mappings.csat.window_days: YAML would read 1:30",
    "tabs.yaml": "line 2, column 1",
    "unit.yaml": "alerts.on_stale_hours must be a whole number",
}
"""What is said of each file; None: it is valid."""


def test_each_field_case_is_valid_or_refused_with_its_place(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data/field_cases/11-yaml-pitfalls"
    assert {file.name for file in folder.iterdir()} - {"expected.txt"} == FIELD_CASES.keys()
    for name, refusal in FIELD_CASES.items():
        result = run_command(tmp_path, "settings", "validate", str(folder / name))
        assert result.exit_code == (0 if refusal is None else 1), name
        assert " ".join((refusal or "").split()) in " ".join(result.output.split()), (name, result.output)


def test_import_and_customer_add_read_files_in_the_same_way(tmp_path: Path) -> None:
    file = tmp_path / "twice.yaml"
    file.write_text("salesforce: {schema: a}\nsalesforce: {schema: b}\n")
    for command in (("settings", "import", "acme"), ("customer", "add", "acme", "--settings")):
        result = run_command(tmp_path, *command, str(file))
        assert (result.exit_code, result.stdout) == (1, "")
        assert "line 2, salesforce" in result.stderr


DEEP = 64
REFUSED = {
    "base.yaml": ("fivetran:\n  sync_window: {start_hour: 0x10}", "line 2, fivetran.sync_window.start_hour"),
    "binary.yaml": ("a: 0b11", "line 1, a"),
    "octal.yaml": ("a: [1, 0o17]", "line 1, a.1"),
    "sign.yaml": ("a: -010", "line 1, a"),
    "clock.yaml": ("a: 1:30.5", "line 1, a"),
    "tag.yaml": ('a: !!int "0060"', "line 1: the tag"),
    "null_key.yaml": ("~: 1", "line 1"),
    "list_key.yaml": ("? [a]\n: 1", "line 1"),
    "ring.yaml": ("a: &a\n  - b: [*a]\n", "line 1, a.0.b.0: it holds itself"),
    "deep.yaml": ("[" * (DEEP + 1) + "]" * (DEEP + 1), "nests deeper than 64 levels"),
    "deepest.yaml": ("[" * 50_000, "nests deeper than 64 levels"),
    "deep.json": ("[" * 50_000, "nests deeper than 64 levels"),
    "chain.yaml": (
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 80)),
        "line 63, a63.0: it nests deeper than 64 levels",
    ),
    "half.yaml": ('a: ["\\ud800"]', "line 1, a.0: it holds half of a character"),
    "half_key.yaml": ('"\\ud800": 1', "line 1: it holds half of a character"),
    "half.json": ('{"a": "\\ud800"}', "\\ud800 is half of a character"),
    "digits.yaml": ("a: " + "1" * 5000, "is no valid YAML"),
    "digits.json": ('{"a": ' + "1" * 5000 + "}", "is no valid JSON"),
    "twice.json": ('{\n "a": {"b": 1},\n "c": {"a": "\\"b\\": {", "a\\u0062": 1, "ab": 2}}', "line 3: "),
    "merged_twice.yaml": ("a: {b: 1, c: 2, b: 3}", "line 1, a.b"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_say_what_it_seems_to_say_is_refused(tmp_path: Path, name: str) -> None:
    text, place = REFUSED[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInput) as refused:
        read_document(tmp_path / name)
    assert place in refused.value.message
    assert len(refused.value.message) < 500


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_whatever_settings_may_hold_is_read_as_it_was_written(tmp_path: Path, suffix: str) -> None:
    texts = [
        "0060",
        "1:30",
        "no",
        "~",
        "1e3",
        "2026-01-01",
        "<<",
        "a\u2028b",
        "ключ",
        "=",
        "0x10",
        ".inf",
        "*a",
    ]
    document = CustomerSettings().document()
    document["kpi_mappings"]["net_revenue_retention"]["types"]["renewal"] = texts
    file = tmp_path / f"settings.{suffix}"
    file.write_text(as_text(document, "json" if suffix == "json" else "yaml"), encoding="utf-8-sig")
    assert read_document(file) == json.loads(json.dumps(document))


def test_anchors_and_merges_are_read_where_they_are_no_trap(tmp_path: Path) -> None:
    file = tmp_path / "merged.yaml"
    file.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: [*a, *a]\n")
    assert read_document(file)["b"] == {"x": 1, "y": 3}


def test_infinity_is_no_number_of_a_setting() -> None:
    for text in ("Infinity", "-Infinity", "NaN", "1e999"):
        with pytest.raises(InvalidSettings, match="threshold: must be a number"):
            parse_settings(parse_json(f'{{"account_matching": {{"threshold": {text}}}}}'))
