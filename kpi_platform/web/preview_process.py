"""Computes one preview: a process of its own, because only a process can be cancelled in the midst of dbt.

Reads the task as JSON from its input. Writes a line of JSON for each step: `{"done": 3, "total": 57}`, and at
the end `{"answer": …}` or `{"error": "…"}`.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from kpi_platform.adapters.dbt_results import BuildProgress
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine
from kpi_platform.dashboard.previews import Kind
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.settings import parse_settings
from kpi_platform.process import alone_on_output
from kpi_platform.web.schemas.preview import CustomKpiPreviewAnswer, PreviewAnswer

SHOWN = 20
"""Accounts that the preview of settings lists."""


def task_of(
    configuration: Configuration, customer: str, kind: Kind, document: dict[str, Any], slug: str
) -> str:
    """Returns the task as this process reads it. `document` are the whole settings, `slug` the custom KPI."""
    environment = {**configuration.environment, "KPI_PLATFORM_HOME": str(configuration.home)}
    return json.dumps(
        {"environment": environment, "customer": customer, "kind": kind, "document": document, "slug": slug}
    )


def _answer(task: dict[str, Any], tell: Callable[[BuildProgress], None]) -> dict[str, Any]:
    from kpi_platform.pipeline.preview import preview_settings
    from kpi_platform.pipeline.preview_custom_kpi import preview_custom_kpi

    configuration = Configuration.from_environment(task["environment"])
    engine = open_engine(configuration.dashboard_database_url)
    settings, customer = parse_settings(task["document"]), task["customer"]
    answer: CustomKpiPreviewAnswer | PreviewAnswer
    if task["kind"] == "custom_kpi":
        values = preview_custom_kpi(configuration, engine, customer, settings, task["slug"], on_progress=tell)
        answer = CustomKpiPreviewAnswer.model_validate(values)
    else:
        found = preview_settings(configuration, engine, customer, settings, on_progress=tell)
        answer = PreviewAnswer.of(found, SHOWN)
    return answer.model_dump(mode="json")


def main() -> None:
    out = alone_on_output()

    def say(line: dict[str, Any]) -> None:
        out.write(f"{json.dumps(line)}\n")
        out.flush()

    try:
        task = json.load(sys.stdin)
        say({"answer": _answer(task, lambda step: say({"done": step.done, "total": step.total}))})
    except KpiPlatformError as error:
        say({"error": str(error)})


if __name__ == "__main__":
    main()
