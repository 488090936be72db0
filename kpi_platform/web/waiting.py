"""Things that wait for a person, each with the page on which to do it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.load_holds import open_hold
from kpi_platform.dashboard.matches import count_matches
from kpi_platform.dashboard.runs import list_runs
from kpi_platform.dashboard.source_states import source_states
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.web.formats import moment, source_name
from kpi_platform.web.shown_checks import shown_checks
from kpi_platform.web.source_status import SourceStatus, source_status

WaitingKind = Literal["review", "held_load", "run", "source", "checks", "set_up"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing to do. `urgent`: it stops new values, or hides that they are wrong. `action` is what the
    button to the page `path` says."""

    kind: WaitingKind
    urgent: bool
    title: str
    detail: str
    path: str
    action: str


def waiting_for(
    configuration: Configuration, connection: sa.Connection, customer: str, *, operator: bool
) -> list[Waiting]:
    """Returns what waits for somebody of `customer`, the urgent first. `operator`: whether an operator
    looks, who may set up connections."""
    found = list(_waiting(configuration, connection, customer, operator))
    return sorted(found, key=lambda one: not one.urgent)


def _waiting(
    configuration: Configuration, connection: sa.Connection, customer: str, operator: bool
) -> Iterator[Waiting]:
    held = open_hold(connection, customer)
    if held is not None and held.released_at is None:
        reasons = "; ".join(held.reasons) or "It differs too much from earlier loads."
        yield Waiting("held_load", True, "A load is held", reasons, "/uploads", "Look and release")
    loaded = bool(list_uploads(connection, customer, limit=1))
    newest = next(iter(list_runs(connection, customer, ended=True, limit=1)), None)
    if newest is not None and newest.state == "failed":
        ended = f"It ended {moment(newest.finished_at)} UTC." if newest.finished_at else ""
        yield Waiting("run", True, "The newest run failed", ended, f"/runs/{newest.id}", "See why")
    try:
        settings = effective_settings(configuration, connection, customer)
    except InvalidSettings as error:
        yield Waiting("source", True, "The settings are invalid", error.message, "/settings", "Mend them")
        return
    states = source_states(connection, customer)
    sources = [source_status(settings, source, states) for source in SOURCES]
    if not loaded:
        steps = [source_name(one.source) for one in sources if one.is_enabled and not _synced(one)]
        detail = f"Not synced yet: {', '.join(steps)}." if steps else "The first load is still to come."
        yield Waiting("set_up", True, "The set-up is not finished", detail, "/runs", "Go on")
    else:
        yield from _sources(sources, operator)
    in_review = count_matches(connection, customer).get("review", 0)
    if in_review:
        title = f"{in_review:,} accounts wait for review" if in_review > 1 else "1 account waits for review"
        detail = "They are left out of the dashboard until somebody says which account they are."
        yield Waiting("review", False, title, detail, "/matches", "Review")
    for suite in shown_checks(configuration, connection, customer):
        if suite.results.findings:
            first = suite.findings[0]
            others = len(suite.findings) - 1
            more = f" And {others} more." if others else ""
            title = f"{suite.name}: {'a check failed' if suite.serious else 'a check warns'}"
            path = first.path if not others else "/status"
            yield Waiting("checks", suite.serious, title, f"{first.finding.message}{more}", path, "Show")


def _sources(sources: list[SourceStatus], operator: bool) -> Iterator[Waiting]:
    for one in sources:
        title = source_name(one.source)
        if one.is_enabled and one.awaits_set_up:
            action = "Make a link" if operator else "See its state"
            detail = "Its owner has to sign in at Fivetran."
            yield Waiting("source", True, f"{title} is not connected", detail, "/runs", action)
        elif one.is_connected and one.condition in ("bad", "watch") and not _is_syncing(one):
            detail = one.warnings[0] if one.warnings else "Its values may be old."
            urgent = one.condition == "bad"
            yield Waiting("source", urgent, f"{title}: {one.words}", detail, "/runs", "Connections and runs")


def _is_syncing(one: SourceStatus) -> bool:
    return one.state is not None and one.state.first_sync_since is not None


def _synced(one: SourceStatus) -> bool:
    return one.state is not None and one.state.last_succeeded_at is not None
