"""The Dagster instance of an installation: the place of its state, and the limits of what runs at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from kpi_platform.configuration import Configuration

POOL_LIMITS = {"fivetran": 10, "destination": 2}
"""Steps at once. DuckDB takes one writer: the other stands ready for its turn, or stores what it has done.
Other destinations may take more (KPI_DESTINATION_STEPS)."""

DEFAULT_RUNS_AT_ONCE = 10


def prepare_dagster_home(configuration: Configuration) -> Path:
    """Writes dagster.yaml and the limits of the pools if they are missing or have changed. Returns the
    folder, which is the value of DAGSTER_HOME. Processes that begin together do it one after the other:
    Dagster cannot create its storage twice at once."""
    home = configuration.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(instance_settings(configuration), sort_keys=False)
    limits = pool_limits(configuration)
    file, stamp = home / "dagster.yaml", home / "pools.yaml"
    written = yaml.safe_dump(limits)
    with FileLock(home / "prepare.lock"):
        is_written = file.exists() and file.read_text() == text
        if not (is_written and stamp.exists() and stamp.read_text() == written):
            file.write_text(text)
            _set_pool_limits(home, limits)
            stamp.write_text(written)
    return home


def runs_at_once(configuration: Configuration) -> int:
    """Returns how many runs may be under way at once."""
    return int(configuration.get("KPI_RUNS_AT_ONCE") or DEFAULT_RUNS_AT_ONCE)


def pool_limits(configuration: Configuration) -> dict[str, int]:
    """Returns how many steps of each pool run at once."""
    steps = configuration.get("KPI_DESTINATION_STEPS")
    return POOL_LIMITS | ({"destination": int(steps)} if steps else {})


def instance_settings(configuration: Configuration) -> Mapping[str, Any]:
    """Returns the content of dagster.yaml. With DAGSTER_DATABASE_URL runs and events go to that PostgreSQL,
    with KPI_CELERY_BROKER_URL runs are started on Celery workers."""
    settings: dict[str, Any] = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "concurrency": {
            "pools": {"granularity": "op"},
            "runs": {
                "max_concurrent_runs": runs_at_once(configuration),
                # Never two runs of one customer at once. Batches carry a list instead of a partition; the
                # sensors keep a customer out of them while another run has it.
                "tag_concurrency_limits": [
                    {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
                ],
            },
        },
        # A run whose process was killed is found dead, and frees what it held.
        "run_monitoring": {
            "enabled": True,
            "poll_interval_seconds": 15,
            "start_timeout_seconds": 300,
            "free_slots_after_run_end_seconds": 60,
        },
        # Runs say themselves how often (dagster/max_retries); only after a crash.
        "run_retries": {"enabled": True, "max_retries": 0, "retry_on_asset_or_op_failure": False},
        # Lines that our code logs in a run are in the run's own log, with its id and step.
        "python_logs": {"managed_python_loggers": ["kpi_platform"], "python_log_level": "INFO"},
        # Nothing of ours is declared by automation conditions or freshness policies.
        "auto_materialize": {"enabled": False, "use_sensors": False},
        "freshness": {"enabled": False},
        "sensors": {"use_threads": True, "num_workers": 4},
        "schedules": {"use_threads": True, "num_workers": 2},
        "retention": {
            name: {"purge_after_days": {"skipped": 1, "success": 30, "failure": 30, "started": 30}}
            for name in ("schedule", "sensor")
        },
    }
    if configuration.get("DAGSTER_DATABASE_URL"):
        settings["storage"] = {"postgres": {"postgres_url": {"env": "DAGSTER_DATABASE_URL"}}}
    settings["run_launcher"] = {"module": "kpi_platform.defs.local_launcher", "class": "RunsHere"}
    if configuration.get("KPI_CELERY_BROKER_URL"):
        settings["run_launcher"] = {
            "module": "kpi_platform.defs.celery_launcher",
            "class": "RunsOnCelery",
            "config": {
                "broker": {"env": "KPI_CELERY_BROKER_URL"},
                "backend": {"env": "KPI_CELERY_RESULTS_URL"},
            },
        }
    return settings


def _set_pool_limits(home: Path, limits: Mapping[str, int]) -> None:
    from dagster import DagsterInstance

    with DagsterInstance.from_config(str(home)) as instance:
        for pool, limit in limits.items():
            instance.event_log_storage.set_concurrency_slots(pool, limit)
