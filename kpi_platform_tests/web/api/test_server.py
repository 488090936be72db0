"""Over real HTTP: the app as uvicorn serves it, without Dagster, watched by a browser's event source."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from kpi_platform.dashboard.sync_requests import advance_sync_request, finish_sync_request
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.serving import serving


@pytest.fixture
def url(web: Web) -> Iterator[str]:
    with serving(web.app) as url:
        yield url


def test_progress_arrives_while_it_happens(web: Web, url: str) -> None:
    headers = {"Authorization": f"Bearer {web.token()}"}
    request = httpx.post(f"{url}/api/fivetran/sync", json={}, headers=headers).json()

    def work() -> None:
        for state in ("syncing", "transforming"):
            time.sleep(0.7)
            with web.engine.begin() as connection:
                advance_sync_request(connection, request["id"], state)  # type: ignore[arg-type]
        time.sleep(0.7)
        with web.engine.begin() as connection:
            finish_sync_request(connection, request["id"], "done", results={})

    worker = threading.Thread(target=work)
    worker.start()
    seen: list[tuple[str, float]] = []
    events = f"{url}/api/fivetran/sync/{request['id']}/events"
    with httpx.stream("GET", events, headers=headers, timeout=30) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                seen.append((httpx.Response(200, text=line[6:]).json()["state"], time.monotonic()))
    worker.join()
    assert [state for state, _ in seen] == ["queued", "syncing", "transforming", "done"]
    assert seen[-1][1] - seen[0][1] > 1.0


def test_the_app_is_made_without_dagster_pandas_or_dbt() -> None:
    check = (
        "import sys, kpi_platform.web.app; "
        "print([name for name in ('dagster', 'pandas', 'numba', 'dbt') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
