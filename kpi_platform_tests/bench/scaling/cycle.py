"""One cycle of all customers in this process: the real job, batch after batch, and where its time goes."""

import importlib
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from kpi_platform import process
from kpi_platform.configuration import Configuration

BATCH = 200
STAGES = {
    "plan": [("kpi_platform.pipeline.build", "read_inputs"), ("kpi_platform.pipeline.build", "batches_of")],
    "build": [("kpi_platform.pipeline.build", "build_kpis")],
    "match": [("kpi_platform.pipeline.match", "match_accounts")],
    "load": [("kpi_platform.pipeline.load", "load_dashboard")],
}
"""What is timed, by where the assets find it. `plan` is a part of `build`."""


def timed(seconds: Counter[str], stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def measured(*arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return work(*arguments, **options)
        finally:
            seconds[stage] += time.perf_counter() - started  # type: ignore[assignment]

    return measured


def main(as_of: str) -> int:
    """Prints the figures as JSON, in seconds. 1 where somebody was not loaded."""
    started = time.perf_counter()
    configuration = Configuration.from_environment()
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.dashboard.database import open_engine, reading
    from kpi_platform.defs.location import definitions
    from kpi_platform.defs.run import run_job

    assets = len(definitions(configuration).resolve_job_def("refresh").asset_layer.selected_asset_keys)
    ready = time.perf_counter() - started
    seconds: Counter[str] = Counter()
    for stage, places in STAGES.items():
        for module_name, name in places:
            module = importlib.import_module(module_name)
            setattr(module, name, timed(seconds, stage, getattr(module, name)))
    engine = open_engine(configuration.dashboard_database_url)
    with reading(engine) as connection:
        keys = [one.key for one in list_customers(connection)]
    loaded = 0
    for start in range(0, len(keys), BATCH):
        outcome = run_job(
            configuration,
            engine,
            keys[start : start + BATCH],
            as_of=datetime.fromisoformat(as_of),
            skip_sync=True,
            on_progress=lambda _: None,
        )
        loaded += len(outcome.loaded)
        for customer, reason in outcome.failed.items():
            sys.stderr.write(f"{customer}: {reason}\n")
    cycle = time.perf_counter() - started
    rest = cycle - ready - seconds["build"] - seconds["match"] - seconds["load"]
    figures = {
        "start": ready,
        "plan": seconds["plan"],
        "dbt": seconds["build"] - seconds["plan"],
        "match": seconds["match"],
        "load": seconds["load"],
        "Dagster": rest,
        "Dagster ms": 1000 * rest / (max(loaded, 1) * assets),
        "GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return int(loaded < len(keys))


if __name__ == "__main__":
    process.run(lambda: main(sys.argv[1]))
