"""What a platform with made-up additions shows, as JSON: the source Zendesk, the page `/greeting`, the alert
channel `pager`, and the destination Cockroach.

Runs on a copy of the package: `python look.py COPY HOME`.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


def main(copy: str, home: str) -> dict[str, Any]:
    sys.path.insert(0, copy)
    import kpi_platform
    from kpi_platform.configuration import Configuration
    from kpi_platform.dashboard import database
    from kpi_platform.domain.settings import Editor
    from kpi_platform.local.server import running
    from kpi_platform.pipeline.onboarding import WantedConnection, create_customer

    assert Path(kpi_platform.__file__).is_relative_to(copy)
    base = Configuration.from_environment({"KPI_PLATFORM_HOME": home})
    with running(base, sample={"accounts": 3, "history_days": 5}) as url:
        configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": home, "FIVETRAN_API_URL": url})
        engine = database.open_engine(configuration.dashboard_database_url)
        database.upgrade(engine)
        operator = Editor("Ada", operator=True)
        wanted = WantedConnection("zendesk", instance_url="https://hull.zendesk.com")  # type: ignore[arg-type]
        done = create_customer(
            configuration, engine, "hull", "Hull", [wanted], by=operator, redirect_uri="http://127.0.0.1"
        )
        assert done is not None
        return {
            "onboarding": [(one.source, one.schema) for one in done.sources],
            "connection": _connection(url, done.sources[0].connection_id),
            "command line": _command_line(home, url),
            **_settings(configuration, engine),
            **_web(configuration, engine),
            **_sync(configuration, engine),
            "alerts": _alerts(home, engine),
            "destination": _destination(home),
        }


def _connection(url: str, connection_id: str) -> dict[str, Any]:
    import httpx

    answer = httpx.get(f"{url}/v1/connections/{connection_id}", auth=("local", "local"))
    data: dict[str, Any] = answer.json()["data"]
    return {"service": data["service"], "config": data["config"]}


def _command_line(home: str, url: str) -> dict[str, str]:
    from typer.testing import CliRunner

    from kpi_platform.cli.main import app

    environment = {"KPI_PLATFORM_HOME": home, "FIVETRAN_API_URL": url, "COLUMNS": "160"}
    commands = {
        "add": ("customer", "add", "--help"),
        "connect": ("customer", "connect", "hull"),
        "list": ("customer", "list"),
        "doctor": ("doctor", "--json"),
        "status": ("status",),
        "settings": ("settings", "docs"),
    }
    return {name: CliRunner().invoke(app, one, env=environment).output for name, one in commands.items()}


def _settings(configuration: Any, engine: Any) -> dict[str, Any]:
    from kpi_platform.domain.batch import landed_tables, plan_customer
    from kpi_platform.domain.due_times import sources_to_start
    from kpi_platform.domain.errors import InvalidSettings
    from kpi_platform.domain.legacy_settings import import_settings
    from kpi_platform.domain.record_links import account_pages, record_links
    from kpi_platform.domain.settings import parse_settings, settings_leaves
    from kpi_platform.pipeline.customer_settings import effective_settings

    with engine.connect() as connection:
        settings = effective_settings(configuration, connection, "hull")
    schema = settings.source("zendesk").schema_  # type: ignore[arg-type]
    tables = landed_tables("hull", settings, {schema: {"ticket": {"id": "VARCHAR"}}})
    plan = plan_customer("hull", settings, tables, {}, datetime(2026, 3, 1, tzinfo=UTC))
    both = {"connection_id": "one", "schema": "one"}
    try:
        refusal = str(parse_settings({"servicenow": both, "zendesk": {**both, "enabled": True}}))
    except InvalidSettings as error:
        refusal = str(error)
    defaults = parse_settings({})
    return {
        "leaves": [leaf.path for leaf in settings_leaves() if "zendesk" in leaf.path],
        "not there by default": [
            defaults.source("zendesk").enabled,
            parse_settings({}).fivetran.model_dump(),
        ],  # type: ignore[arg-type]
        "same connection": refusal,
        "imported": import_settings({"zendesk": {"enabled": True}}).document,
        "plan": plan.sources["zendesk"]["tables"]["ticket"]["status"],  # type: ignore[index]
        "record": record_links(settings, "zendesk.ticket", "7").page,
        "account": account_pages(settings, "42"),
        "due": sources_to_start(settings, {}, datetime.now(UTC)),
    }


def _web(configuration: Any, engine: Any) -> dict[str, Any]:
    from fastapi.testclient import TestClient

    from kpi_platform.dashboard.tokens import create_token
    from kpi_platform.web.app import create_app

    with engine.begin() as connection:
        token, _ = create_token(connection, name="Ada", customer=None, scope="admin", who="test")
    headers = {"Authorization": f"Bearer {token}", "X-Customer-ID": "hull"}
    client = TestClient(create_app(configuration), "http://127.0.0.1", headers=headers)
    pages = {
        "settings": "/settings?section=zendesk",
        "status": "/status",
        "runs": "/runs",
        "onboarding": "/customers/new",
        "greeting": "/greeting",
    }
    answers = {
        "schedule": client.get("/api/fivetran/schedule").json(),
        "switched": client.post("/api/fivetran/schedule", json={"sync_zendesk": False}).json(),
        "sync": client.post("/api/fivetran/sync", json={"data_source": "zendesk"}).json(),
    }
    return {
        "pages": {
            name: client.get(path, headers={"Accept": "text/html"}).text for name, path in pages.items()
        },
        "schema": json.dumps(client.get("/openapi.json").json()["components"]["schemas"]),
        **answers,
    }


def _sync(configuration: Any, engine: Any) -> dict[str, Any]:
    from kpi_platform.defs.fivetran import fivetran_assets, source_keys
    from kpi_platform.defs.jobs import SYNCS
    from kpi_platform.domain.sources import SOURCES

    assets = [fivetran_assets(source) for source in SOURCES]
    return {
        "assets": [key.to_user_string() for key in source_keys("zendesk")],  # type: ignore[arg-type]
        "synced by the job": sorted(key.to_user_string() for key in SYNCS.resolve(assets)),
        "steps": [one.op.name for one in assets],
    }


def _destination(home: str) -> dict[str, Any]:
    from kpi_platform.adapters.destination.open import open_destination
    from kpi_platform.adapters.secrets import CustomerSecrets
    from kpi_platform.configuration import Configuration
    from kpi_platform.domain.places import spelled_place
    from kpi_platform.domain.settings import parse_settings, settings_leaves

    configuration = Configuration.from_environment(
        {"KPI_PLATFORM_HOME": home, "KPI_ALLOWED_HOSTS": "db.example.com", "KPI_SECRET_HULL_PASSWORD": "x"}
    )
    place = {"host": "db.example.com", "database": "lake", "username": "kpi"}
    named = {"type": "cockroach", "credentials_secret": "KPI_SECRET_HULL_PASSWORD", **place}
    warehouse = parse_settings({"warehouse": named}).warehouse
    opened = open_destination(configuration, warehouse, CustomerSecrets(configuration, "hull"))
    [choices] = [leaf.choices for leaf in settings_leaves() if leaf.path == "warehouse.type"]
    return {"name": opened.name, "place": spelled_place(warehouse), "choices": choices}


def _alerts(home: str, engine: Any) -> dict[str, Any]:
    from kpi_platform.configuration import Configuration
    from kpi_platform.domain.alerts import Alert
    from kpi_platform.domain.settings import Editor
    from kpi_platform.pipeline.alerts import tell
    from kpi_platform.pipeline.change_settings import change_settings
    from kpi_platform.pipeline.named_secrets import named_secrets

    channels = {"webhook_url_secret": "KPI_SECRET_HULL_HOOK", "pager_url_secret": "KPI_SECRET_HULL_PAGER"}
    with _receiver() as (url, received):
        addresses = {name: f"{url}/{setting}" for setting, name in channels.items()}
        configuration = Configuration.from_environment(
            {"KPI_PLATFORM_HOME": home, "KPI_ALLOWED_HOSTS": "127.0.0.1", **addresses}
        )
        document = {"salesforce": {"enabled": False}, "alerts": channels}
        by = Editor("Ada", operator=True)
        changed = change_settings(configuration, engine, "hull", document, by=by, apply=False)
        alert = Alert("source_stale", "hull", "zendesk", "Old.", datetime(2026, 3, 1, tzinfo=UTC), "Sync.")
        told = tell(configuration, engine, changed.settings, alert)
        with engine.connect() as connection:
            secrets = named_secrets(configuration, connection, ["hull"])
    return {
        "told": told,
        "received": received,
        "id": alert.id,
        "secrets": [path for one in secrets for path in one.settings],
    }


@contextmanager
def _receiver() -> Iterator[tuple[str, dict[str, Any]]]:
    """A server that takes every POST: its address, and the bodies by path."""
    received: dict[str, Any] = {}

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received[self.path] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Prints nothing: the output is JSON."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:]), default=str))
