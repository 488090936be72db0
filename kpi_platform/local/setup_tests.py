"""Setup tests: they ask the source, take their time, and are counted."""

from kpi_platform.local.account import LocalFivetran
from kpi_platform.local.responses import Answer
from kpi_platform.local.state import StoredConnection

_TITLE = "Connecting to the source"


def run_setup_tests(fivetran: LocalFivetran, connection_id: str, *, authorized: bool) -> list[Answer]:
    """Runs the setup tests of a connection, and returns their results. `authorized`: the request brought
    credentials for the source; a connection that was incomplete is set up then. A broken one stays broken:
    only a successful sync repairs it. Raises a 429 if the hour's tests are used up."""
    fivetran.setup_test_limit.take()
    fivetran.syncs.wait(fivetran.behaviour.setup_test_seconds)
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        problem = _problem(connection, authorized)
        if problem is None and connection.setup_state == "incomplete":
            connection.setup_state = "connected"
            fivetran.store.save(connection)
    event = "connection_successful" if problem is None else "connection_failure"
    fivetran.webhooks.emit(event, connection, {"status": "PASSED" if problem is None else "FAILED"})
    if problem is None:
        return [{"title": _TITLE, "status": "PASSED", "message": ""}]
    return [{"title": _TITLE, "status": "FAILED", "message": problem}]


def _problem(connection: StoredConnection, authorized: bool) -> str | None:
    if connection.setup_tests_fail is not None:
        return connection.setup_tests_fail
    if connection.setup_state == "incomplete" and not authorized:
        return "Nobody has signed in at the source yet."
    if connection.setup_state == "broken":
        return "; ".join(task["message"] for task in connection.tasks) or "The source refuses the connection."
    return None
