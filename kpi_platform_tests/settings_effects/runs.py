"""Effects on Dagster's runs and on alerts, which a real receiver takes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.alerts import open_alerts
from kpi_platform.dashboard.allowed_secrets import allow_secret
from kpi_platform.dashboard.check_results import Finding
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.defs.batch import OWN_EVENTS, batch_tags
from kpi_platform.defs.checks import FRESHNESS_CHECKS
from kpi_platform.defs.fivetran import FIVETRAN_ASSETS, source_keys
from kpi_platform.defs.jobs import EXECUTOR
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.resources import platform_resource
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.check_alerts import tell_findings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.digests import send_due_digests
from kpi_platform.pipeline.threshold_alerts import tell_crossings
from kpi_platform_tests.adapters.mail_receiver import receiving_mail
from kpi_platform_tests.adapters.scripted_server import Answer, ScriptedServer, scripted
from kpi_platform_tests.pipeline.desk import T1, T2, Desk, acme
from kpi_platform_tests.settings_effects.effect import Effect, merged

_KEYS = count(1)
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Ended:
    """A sync whose connection does not exist in Fivetran, and what was told of it."""

    succeeded: bool
    retries: list[float]
    alerts: int
    alerts_elsewhere: int


class Yard:
    """Dagster without the dbt project: the syncs and the freshness checks are all that runs."""

    def __init__(self, configuration: Configuration, engine: sa.Engine) -> None:
        self.configuration, self.engine = configuration, engine
        self.instance = dg.DagsterInstance.ephemeral()
        selection = dg.AssetSelection.assets(*source_keys("salesforce")).without_checks()
        syncs = dg.define_asset_job("sync", selection, tags=OWN_EVENTS)
        everything = dg.Definitions(
            assets=FIVETRAN_ASSETS,
            asset_checks=FRESHNESS_CHECKS,
            jobs=[syncs, dg.define_asset_job("freshness", dg.AssetSelection.all_asset_checks())],
            resources={"platform": platform_resource(configuration)},
            executor=EXECUTOR,
        )
        self._jobs = {name: everything.resolve_job_def(name) for name in ("sync", "freshness")}

    def add(self, document: Mapping[str, Any]) -> str:
        key = f"synced{next(_KEYS)}"
        own = {"salesforce": {"connection_id": key, "schema": key}, "servicenow": {"enabled": False}}
        with self.engine.begin() as connection:
            add_customer(connection, key, key)
            _allow_addresses(connection, key)
            save_settings(connection, key, merged(document, own), who="test")
        self.instance.add_dynamic_partitions(CUSTOMERS_NAME, [key])
        return key

    def run(self, job: str, *customers: str) -> dg.DagsterRun:
        definition = self._jobs[job]
        tags = batch_tags(self.instance, customers) if customers else {}
        created = self.instance.create_run_for_job(
            definition, run_config=_QUIET, tags={**definition.run_tags, **tags}
        )
        execute_run(InMemoryJob(definition), created, self.instance)
        finished = self.instance.get_run_by_id(created.run_id)
        assert finished is not None
        return finished


@contextmanager
def receivers() -> Iterator[tuple[ScriptedServer, ScriptedServer]]:
    """Two addresses that take alerts."""
    with scripted(Answer(body={})) as usual, scripted(Answer(body={})) as other:
        yield usual, other


def failed_sync(
    yard: Yard, receivers: tuple[ScriptedServer, ScriptedServer], document: Mapping[str, Any]
) -> Ended:
    """A run of the sync job with these settings, Fivetran being away."""
    for receiver in receivers:
        receiver.requests.clear()
    key = yard.add(document)
    finished = yard.run("sync", key)
    records = yard.instance.get_records_for_run(
        finished.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY
    ).records
    events = [record.event_log_entry.get_dagster_event() for record in records]
    waits = [event.step_retry_data.seconds_to_wait or 0 for event in events]
    usual, other = receivers
    return Ended(finished.is_success, waits, len(usual.requests), len(other.requests))


def alerts_of_age(
    yard: Yard, receivers: tuple[ScriptedServer, ScriptedServer], document: Mapping[str, Any]
) -> int:
    """How many alerts the freshness checks send of a source that was synced 30 hours ago."""
    receivers[0].requests.clear()
    key = yard.add(document)
    with yard.engine.begin() as connection:
        record_sync_state(
            connection, key, "salesforce", last_succeeded_at=datetime.now(UTC) - timedelta(hours=30)
        )
    yard.run("freshness")
    return sum(body["data"]["customer"] == key for _, _, body in receivers[0].requests)


def alerts_of_crossing(
    configuration: Configuration,
    engine: sa.Engine,
    receivers: tuple[ScriptedServer, ScriptedServer],
    document: Mapping[str, Any],
) -> list[str]:
    """What is told when the NPS of an account falls below its threshold."""
    receivers[0].requests.clear()
    desk = _desk(configuration, engine, "crossing", document)
    desk.load(T1, [acme(40)])
    report = desk.load(T2, [acme(5)])
    for _ in range(2):  # The second time it was told already.
        tell_crossings(configuration, engine, report, "run1")
    return [body["data"]["what"] for _, _, body in receivers[0].requests]


def recipients_of_checks(
    configuration: Configuration, engine: sa.Engine, document: Mapping[str, Any]
) -> list[list[str]]:
    """Whom a mail about a finding is for, if one is sent."""
    desk = _desk(configuration, engine, "mailed", document)
    with engine.connect() as connection:
        settings = effective_settings(configuration, connection, desk.customer)
    finding = Finding("first", "kpi_values", "warn", 1, "It found a row.")
    with receiving_mail() as mails:
        here = replace(configuration, environment={**configuration.environment, **mails.environment})
        tell_findings(here, engine, {desk.customer: [finding]}, lambda _: {desk.customer: settings}, None)
        return mails.recipients


def digests_at_eight(
    configuration: Configuration, engine: sa.Engine, document: Mapping[str, Any]
) -> list[str]:
    """The subjects of the digests that are sent at eight in the morning."""
    desk = _desk(configuration, engine, "digested", document)
    with engine.connect() as connection:
        settings = effective_settings(configuration, connection, desk.customer)
    with receiving_mail() as mails:
        here = replace(configuration, environment={**configuration.environment, **mails.environment})
        send_due_digests(here, engine, {desk.customer: settings}, datetime(2026, 3, 4, 8, tzinfo=UTC))
        return [mail["Subject"] for mail in mails.mails]


def alerts_of_checks(
    configuration: Configuration,
    engine: sa.Engine,
    receivers: tuple[ScriptedServer, ScriptedServer],
    document: Mapping[str, Any],
) -> list[str]:
    """What is told of two findings, one of which is there the next time, too."""
    receivers[0].requests.clear()
    desk = _desk(configuration, engine, "checked", document)

    def settings(_: Sequence[str]) -> dict[str, CustomerSettings]:
        with engine.connect() as connection:
            return {desk.customer: effective_settings(configuration, connection, desk.customer)}

    found = [Finding(name, "kpi_values", "warn", 1, f"{name} found a row.") for name in ("first", "second")]
    for findings in (found, found[:1], [*found[:1], Finding("sources_are_fresh", "", "warn", 1, "Old.")]):
        tell_findings(configuration, engine, {desk.customer: findings}, settings, "run1")
    with engine.connect() as connection:
        left = [one.subject for one in open_alerts(connection, desk.customer)]
    told = sorted(body["data"]["what"] for _, _, body in receivers[0].requests)
    return [*told, *left]


def _allow_addresses(connection: sa.Connection, customer: str) -> None:
    for name in ("ALERTS_HERE", "ALERTS_THERE"):
        allow_secret(connection, customer, name, who="test")


_TOLD = {"alerts": {"webhook_url_secret": "ALERTS_HERE"}}
_RETRY = merged(_TOLD, {"error_handling": {"max_retries": 1, "retry_delay_seconds": 0}})

_MAILED = {"alerts": {"email_to": ["ada@example.com"]}}

RUN_EFFECTS: dict[str, Effect] = {
    "error_handling.on_sync_failure": Effect(
        "runs", ("retry", "skip"), lambda ended: ended.succeeded, _RETRY
    ),
    "error_handling.max_retries": Effect("runs", (1, 2), lambda ended: len(ended.retries), _RETRY),
    "error_handling.retry_delay_seconds": Effect("runs", (0, 1), lambda ended: ended.retries, _RETRY),
    "alerts.on_sync_failure": Effect("runs", (True, False), lambda ended: ended.alerts, _RETRY),
    "alerts.webhook_url_secret": Effect(
        "runs", ("ALERTS_HERE", "ALERTS_THERE"), lambda ended: ended.alerts_elsewhere, _RETRY
    ),
    "alerts.slack_url_secret": Effect(
        "runs", (None, "ALERTS_THERE"), lambda ended: ended.alerts_elsewhere, _RETRY
    ),
    "alerts.teams_url_secret": Effect(
        "runs", (None, "ALERTS_THERE"), lambda ended: ended.alerts_elsewhere, _RETRY
    ),
    "alerts.email_to": Effect("mails", ([], ["ada@example.com"]), lambda recipients: recipients),
    "alerts.digest": Effect("digests", ("never", "daily"), lambda subjects: len(subjects), _MAILED),
    "alerts.digest_hour": Effect(
        "digests", (7, 23), lambda subjects: len(subjects), merged(_MAILED, {"alerts": {"digest": "daily"}})
    ),
    "alerts.most_per_hour": Effect("checks", (0, 1), lambda told: told, _TOLD),
    "alerts.on_stale_hours": Effect("stale", (24, 48), lambda alerts: alerts, _TOLD),
    "alerts.on_failed_checks": Effect(
        "checks", (True, False), lambda told: told, _TOLD
    ),
    "alerts.on_threshold_crossing": Effect("crossing", (False, True), lambda told: told, _TOLD),
}  # fmt: skip


def _desk(configuration: Configuration, engine: sa.Engine, kind: str, document: Mapping[str, Any]) -> Desk:
    """A customer of its own with these settings, which may name the addresses of the receivers."""
    desk = Desk(configuration, engine, f"{kind}{next(_KEYS)}")
    own = {source: {"schema": f"{desk.customer}_{source}"} for source in SOURCES}
    with engine.begin() as connection:
        _allow_addresses(connection, desk.customer)
    desk.settings(**merged(own, document))
    return desk
