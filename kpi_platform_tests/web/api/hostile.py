"""Hostile values, who sends them, and what is to become of them: for the tests of every way in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.dashboard.settings_versions import save_settings, settings_history
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import (
    CustomerSettings,
    Leaf,
    parse_settings,
    settings_kinds,
    settings_leaves,
    value_at,
)
from kpi_platform.domain.settings.section import Kind
from kpi_platform.web.app import create_app
from kpi_platform_tests.domain.settings.second_values import changed_by
from kpi_platform_tests.web.conftest import Web

SECRET = "the-session-key-of-this-test-0123456789"
SECRETS = dict.fromkeys(
    ("KPI_SESSION_KEY", "KPI_SECRET_BOLT_WAREHOUSE", "KPI_SECRET_ACME_PASSWORD", "WAREHOUSE_PASSWORD"), SECRET
)
CANARY = "canary-in-the-settings-of-bolt"
RENDERED = str(7919 * 104729)
"""What a template would make of the first of the hostile values."""

_ALL: tuple[Any, ...] = (
    "{{ 7919*104729 }}", "{{ env_var('KPI_SESSION_KEY') }}", "{% raw %}", "{#", "'\"`;--", "a\nb", "a\0b",
    "${KPI_SESSION_KEY}", "bolt_crm", "KPI_SESSION_KEY", "KPI_SECRET_BOLT_WAREHOUSE",
    "KPI_SECRET_ACME_PASSWORD", "WAREHOUSE_PASSWORD", "x" * 5000, "1" * 5000,
    7, -1, 1e300, 10**400, True, None, [], ["x"], ["{{ 7919*104729 }}"], {"x": {"y": 1}},
)  # fmt: skip
_FEW = (
    "{{ 7919*104729 }}", "'\"`;--", "a\0b", "bolt_crm", "KPI_SECRET_BOLT_WAREHOUSE", 10**400, None,
    {"x": {"y": 1}},
)  # fmt: skip
IS_WHOLE = "KPI_SLOW_TESTS" in os.environ
HOSTILE = _ALL if IS_WHOLE else _FEW
"""All of them take minutes: `make test-slow` sends them, the suite sends a few."""
TEXTS = tuple(value for value in HOSTILE if isinstance(value, str))

LEAVES = [leaf for leaf in settings_leaves() if not leaf.read_only]
GUARDED = [leaf for leaf in LEAVES if leaf.kind != "meaning"]
SECRET_PATHS = (
    "warehouse.credentials_secret",
    "alerts.webhook_url_secret",
    "alerts.slack_url_secret",
    "alerts.teams_url_secret",
)
OWN = {"salesforce": {"schema": "acme_crm"}, "servicenow": {"schema": "acme_itsm"}}
BOLT = {
    "salesforce": {"schema": "bolt_crm"},
    "servicenow": {"schema": "bolt_itsm"},
    "kpi_mappings": {"nps": {"category": CANARY}},
}
MAY: dict[str, set[Kind]] = {
    "read": set(),
    "write": {"meaning"},
    "admin": {"meaning", "reach_out"},
    "operator": {"meaning", "reach_out", "placement"},
}
"""What each kind of token may change."""


class Hostile:
    """An installation of acme and bolt, and callers who are about acme."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.callers = {role: self._caller(role) for role in MAY}
        self.planted = 0

    def versions(self) -> int:
        with self.web.engine.connect() as connection:
            return settings_history(connection, "acme")[0].version

    def plant(self, document: dict[str, Any]) -> int:
        """Stores a version as it is, as one of an earlier time may have been."""
        with self.web.engine.begin() as connection:
            self.planted = save_settings(connection, "acme", document, who="test", effective=OWN)
        return self.planted

    def reset(self) -> int:
        return self.plant(OWN)

    def _caller(self, role: str) -> TestClient:
        about = {"X-Customer-ID": "acme"}
        if role == "operator":
            return self.web.client(None, "admin", **about)
        return self.web.client("acme", role, **about)  # type: ignore[arg-type]


@contextmanager
def hostile_installation(home: Path) -> Iterator[Hostile]:
    environment = {"KPI_PLATFORM_HOME": str(home), "FIVETRAN_API_URL": "http://127.0.0.1:9"}
    configuration = Configuration.from_environment(environment | SECRETS)
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    with engine.begin() as connection:
        for key, document in (("acme", OWN), ("bolt", BOLT)):
            add_customer(connection, key, key.title())
            save_settings(connection, key, document, who="test")
    app = create_app(configuration)
    yield Hostile(Web(app, configuration, engine))
    engine.dispose()
    app.state.engine.dispose()


def merged(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in other.items():
        inner = both.get(key)
        both[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


def with_leaf(leaf: Leaf, value: Any) -> dict[str, Any]:
    return merged(OWN, changed_by(leaf.path, value))


def settings_of(document: dict[str, Any]) -> CustomerSettings:
    return parse_settings(document, environment=SECRETS, single_customer=False)


def decision(role: str, document: dict[str, Any]) -> int:
    """The status of saving `document`, from the model alone: what is not valid is 400, what is not the role's
    to change is 403, another customer's secret is 400, another's raw schema is 409."""
    if role == "read":
        return 403
    try:
        after = settings_of(document).document()
    except InvalidSettings:
        return 400
    before = settings_of(OWN).document()
    changed = [path for path in settings_kinds() if value_at(before, path) != value_at(after, path)]
    if any(settings_kinds()[path] not in MAY[role] for path in changed):
        return 403
    for path in SECRET_PATHS:
        usual = ("WAREHOUSE_PASSWORD",) if path.startswith("warehouse.") else ()
        name = value_at(document, path)
        if name and not name.startswith("KPI_SECRET_ACME_") and name not in usual:
            return 400
    taken = {"bolt_crm", "bolt_itsm"}
    raw = {after[source]["schema"] for source in ("salesforce", "servicenow")}
    if raw & taken or after["warehouse"]["schema"] in raw | taken:
        return 409
    # Fivetran, which does not answer here, is told of connections.
    return 503 if after["salesforce"]["connection_id"] or after["servicenow"]["connection_id"] else 200


def require_clean(answer: httpx.Response, *about: Any) -> None:
    """Nothing of ours broke, and nothing of others is in the answer."""
    assert answer.status_code < 500 or answer.status_code in (502, 503), (about, answer.text)
    for leaked in (SECRET, RENDERED, CANARY, "Traceback"):
        assert leaked not in answer.text, (leaked, about)
