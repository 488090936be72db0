"""The process that explains values for the web app, until its input ends.

Reads a question a line and writes an answer a line, both JSON; several may be under way. Ends also when
nobody has asked for a while: it holds 250 MB.
"""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_dashboard
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.logs import configure_logs
from kpi_platform.process import alone_on_output, begin
from kpi_platform.web.explaining import ExplainsHere, described

AT_ONCE = 16
IDLE_SECONDS = 900.0


def main() -> None:
    """Answers all questions."""
    begin()
    out = alone_on_output()
    configuration = Configuration.from_environment()
    configure_logs(configuration)
    engine = open_dashboard(configuration)
    explainer, saying = ExplainsHere(configuration, engine), threading.Lock()

    def answer(question: dict[str, Any]) -> None:
        said: dict[str, Any] = {"number": question.pop("number")}
        try:
            said["answer"] = explainer.explain(**question).model_dump_json()
        except KpiPlatformError as error:
            said["error"] = described(error)
        except Exception as error:  # noqa: BLE001 - one question must not end the others
            sys.excepthook(type(error), error, error.__traceback__)
            said["error"] = described(KpiPlatformError("The explanation failed unexpectedly."))
        with saying:
            out.write(f"{json.dumps(said)}\n")
            out.flush()

    asked = threading.Event()
    threading.Thread(target=_end_if_idle, args=(asked,), daemon=True).start()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        threads.submit(_load, configuration)
        for line in sys.stdin:
            asked.set()
            threads.submit(answer, json.loads(line))
    engine.dispose()


def _end_if_idle(asked: threading.Event) -> None:
    # Longer than any answer takes. Whoever asks at this moment asks the next process.
    while asked.wait(IDLE_SECONDS):
        asked.clear()
    os._exit(0)


def _load(configuration: Configuration) -> None:
    """Loads dbt and its project while nobody asks yet."""
    from kpi_platform.adapters.dbt import DbtProject
    from kpi_platform.adapters.destination.duckdb import DuckDbDestination

    DbtProject(configuration, DuckDbDestination(configuration.warehouse_file, "kpi")).load()


if __name__ == "__main__":
    main()
