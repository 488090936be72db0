"""One cycle of all customers as `kpi-platform run` does it: the real job, and where its time goes."""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial, wraps
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import psutil

from kpi_platform import process
from kpi_platform.configuration import Configuration
from kpi_platform.domain.runs import CUSTOMERS_PER_RUN, RunOutcome

STAGES = {
    "plan": [("kpi_platform.pipeline.build", "read_inputs"), ("kpi_platform.pipeline.build", "batch_of")],
    "build": [("kpi_platform.pipeline.build", "build_kpis")],
    "match": [("kpi_platform.pipeline.match", "match_together")],
    "load": [("kpi_platform.pipeline.load", "load_together")],
}
"""What is timed, by where it is found. `plan` is a part of `build`."""

CLOCKS: Mapping[str, Callable[[], float]] = {"wall": time.perf_counter, "processor": time.process_time}
"""Of batches beside each other the seconds that pass hold their waits for each other too."""

LOOKS_A_SECOND = 5


def timed(seconds: Counter[str], clock: str, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
    now = CLOCKS[clock]

    @wraps(work)
    def measured(*arguments: Any, **options: Any) -> Any:
        started = now()
        try:
            return work(*arguments, **options)
        finally:
            seconds[stage] += now() - started  # type: ignore[assignment]

    return measured


def measured_batch(
    clock: str,
    configuration: Configuration,
    customers: Sequence[str],
    as_of: datetime,
    skip_sync: bool,
    strict: bool = False,
) -> RunOutcome:
    """Runs a batch, and adds the time of its stages to the file of measurements."""
    from kpi_platform.defs.run_batches import run_batch

    seconds: Counter[str] = Counter()
    assets = timed(seconds, clock, "start", assets_of_refresh)(configuration)
    originals = {}
    for stage, places in STAGES.items():
        for place, name in places:
            holder = resolve_name(place)
            originals[holder, name] = getattr(holder, name)
            setattr(holder, name, timed(seconds, clock, stage, originals[holder, name]))
    try:
        outcome: RunOutcome = timed(seconds, clock, "run", run_batch)(
            configuration, customers, as_of, skip_sync, strict
        )
    finally:
        for (holder, name), original in originals.items():
            setattr(holder, name, original)
    with measurements(configuration).open("a") as file:
        file.write(json.dumps({**seconds, "partitions": assets * len(customers)}) + "\n")
    return outcome


def assets_of_refresh(configuration: Configuration) -> int:
    """How many there are. The first call of a process loads Dagster and the definitions."""
    from kpi_platform.defs.location import definitions

    return len(definitions(configuration).resolve_job_def("refresh").asset_layer.selected_asset_keys)


def measurements(configuration: Configuration) -> Path:
    return configuration.home / "seconds.jsonl"


class PeakMemory:
    """What this process and its children hold at most, in GiB, looked at a few times a second."""

    def __init__(self) -> None:
        self.gibibytes = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        me = psutil.Process()
        while True:
            time.sleep(1 / LOOKS_A_SECOND)
            held = 0
            for one in (me, *me.children(recursive=True)):
                try:
                    held += one.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.gibibytes = max(self.gibibytes, held / 2**30)


def main(text: str, clock: str) -> int:
    """Prints the figures as JSON: seconds of the clock, by stage. 1 if somebody was not loaded."""
    as_of = datetime.fromisoformat(text)
    configuration = Configuration.from_environment()
    memory = PeakMemory()
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.dashboard.database import open_engine, reading
    from kpi_platform.defs.run_batches import in_processes

    engine = open_engine(configuration.dashboard_database_url)
    with reading(engine) as connection:
        keys = [one.key for one in list_customers(connection)]
    measurements(configuration).unlink(missing_ok=True)
    work = partial(measured_batch, clock)
    if len(keys) > CUSTOMERS_PER_RUN:
        outcome = in_processes(work, configuration, keys, as_of, True, lambda _: None)
    else:
        outcome = work(configuration, keys, as_of, True)
    for customer, reason in outcome.failed.items():
        sys.stderr.write(f"{customer}: {reason}\n")
    seconds: Counter[str] = Counter()
    for line in measurements(configuration).read_text().splitlines():
        seconds.update(json.loads(line))
    rest = seconds["run"] - seconds["build"] - seconds["match"] - seconds["load"]
    figures = {
        "start": seconds["start"],
        "plan": seconds["plan"],
        "dbt": seconds["build"] - seconds["plan"],
        "match": seconds["match"],
        "load": seconds["load"],
        "Dagster": rest,
        "Dagster ms": 1000 * rest / seconds["partitions"],
        "GiB": memory.gibibytes,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return int(len(outcome.loaded) < len(keys))


if __name__ == "__main__":
    process.run(lambda: main(*sys.argv[1:]))
