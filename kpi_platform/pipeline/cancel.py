"""Cancelling a run, or a request for a sync that has none yet."""

import sqlalchemy as sa

from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.runs import Run, ask_to_cancel, get_run, unfinished_runs
from kpi_platform.dashboard.sync_requests import (
    ENDED,
    SyncRequest,
    finish_sync_request,
    sync_request,
)
from kpi_platform.domain.errors import Conflict, Forbidden, KpiPlatformError


def may_cancel(run: Run, *, is_operator: bool) -> bool:
    """Whether `cancel_run` takes it."""
    return _refusal(run, is_operator=is_operator) is None


def cancel_run(connection: sa.Connection, customer: str, run_id: str, *, who: str, is_operator: bool) -> Run:
    """Asks the orchestrator to end the run: it stops within seconds, after what it stores right now. A run of
    several customers is the operator's to cancel (Forbidden); one of the command line is ended there, and one
    that has ended cannot be (Conflict)."""
    run = get_run(connection, customer, run_id)
    if refusal := _refusal(run, is_operator=is_operator):
        raise refusal
    ask_to_cancel(connection, run_id, who=who)
    record_event(connection, who=who, action="run.cancel", target=f"run {run_id}", customer=customer)
    return get_run(connection, customer, run_id)


def cancel_sync(
    connection: sa.Connection, customer: str, request_id: str, *, who: str, is_operator: bool
) -> SyncRequest:
    """Cancels the run of the request, or the request itself if no run has taken it yet. Raises as
    `cancel_run`."""
    request = sync_request(connection, request_id, customer=customer)
    if request.state in ENDED:
        raise Conflict("This sync has ended already.", next_step="Look at its result.")
    runs = [run for run in unfinished_runs(connection, customer) if run.request_id == request_id]
    for run in runs:
        cancel_run(connection, customer, run.id, who=who, is_operator=is_operator)
    if not runs:
        finish_sync_request(connection, request_id, "cancelled", results={"errors": [], "cancelled_by": who})
        record_event(connection, who=who, action="sync.cancel", target=request_id, customer=customer)
    return sync_request(connection, request_id, customer=customer)


def _refusal(run: Run, *, is_operator: bool) -> KpiPlatformError | None:
    if run.ended:
        return Conflict("This run has ended already.", next_step="Look at its result.")
    if run.started_by == "command_line":
        return Conflict("This run was started on the command line.", next_step="End it there: Ctrl-C.")
    if run.others and not is_operator:
        return Forbidden(
            f"This run computes {run.others} other {'customer' if run.others == 1 else 'customers'} as well.",
            next_step="Ask the operator to cancel it.",
        )
    return None
