"""Texts of settings are data: none of them is rendered, run, or taken apart by a build."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import Leaf, parse_settings, settings_leaves
from kpi_platform_tests.hostile import EFFECT, HOSTILE_TEXTS
from kpi_platform_tests.pipeline.landing import ACCOUNT, CASE, account, customer, land
from kpi_platform_tests.pipeline.models import run_models

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
REFUSED = ("connection_id", "schema", "host", "instance_url", "timezone", "_secret", "dataset", "api_version")
"""Endings of the settings whose form the model checks, so that no such text gets any further."""


def texts() -> list[Leaf]:
    return [leaf for leaf in settings_leaves() if leaf.type in ("text", "list") and not leaf.read_only]


def stated(leaf: Leaf, text: str) -> dict[str, Any]:
    # No two lists may say the same.
    document: Any = [f"{text} {leaf.path}"] if leaf.type == "list" else text
    for part in reversed(leaf.path.split(".")):
        document = {part: document}
    return dict(document)


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {key: merged(one[key], other[key]) for key in one.keys() & other.keys()}
    return {**one, **other, **both}


def accepted(text: str) -> Iterator[Leaf]:
    for leaf in texts():
        try:
            parse_settings(stated(leaf, text))
        except InvalidSettings:
            continue
        yield leaf


def custom_kpis(text: str) -> dict[str, Any]:
    definition = {
        "name": "Hostile", "slug": "hostile", "source": "salesforce", "table": "case",
        "aggregate": "count",
    }  # fmt: skip
    where = {"field": "Status", "operator": "in", "value": [text, "High"]}
    for named in (text, "Hostile"):
        document = {"custom_kpis": [definition | {"name": named, "category": named, "filters": [where]}]}
        try:
            parse_settings(document)
        except InvalidSettings:
            continue
        return document
    return {}


def test_hostile_texts_have_no_effect_in_a_build(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    reached: set[str] = set()
    for number, text in enumerate(HOSTILE_TEXTS):
        document = custom_kpis(text)
        for leaf in accepted(text):
            # The place is the embedded file: what its other settings say is of no use, and tested with dbt's
            # own profiles (adapters/test_dbt_profile.py).
            document = merged(document, stated(leaf, text))
            reached.add(leaf.path)
        key = f"hostile{number}"
        customer(configuration, sqlite_engine, key, document)
        case = CASE | {"status": "varchar(20)"}
        land(
            configuration.warehouse_file,
            f"{key}_sf",
            {"account": (ACCOUNT, [account(1)]), "case": (case, [])},
        )
    assert "warehouse.username" in reached
    assert any(path.startswith("kpi_mappings.") and path.endswith(".category") for path in reached)
    assert not [path for path in reached if path.endswith(REFUSED)]
    customers = [f"hostile{number}" for number in range(len(HOSTILE_TEXTS))]
    marts = run_models(configuration, sqlite_engine, customers, AS_OF)
    assert "kpi_values" in marts
    compiled = [file for file in (configuration.home / "dbt").rglob("*.sql") if EFFECT in file.read_text()]
    assert compiled == []
    written = [file for file in configuration.home.rglob("*") if file.suffix in (".log", ".yml", ".sql")]
    assert not [file for file in written if EFFECT in file.read_text(errors="replace")]
