"""The way of a new customer to its first load, as a checklist."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kpi_platform.domain.sources import SOURCE_SYSTEMS
from kpi_platform.web.formats import moment
from kpi_platform.web.source_status import SourceStatus

StepState = Literal["done", "now", "later"]


@dataclass(frozen=True, slots=True)
class SetUpStep:
    """One step. `words` say what to do, or what is awaited; `link` leads to the place, if there is one."""

    title: str
    state: StepState = "later"
    words: str = ""
    link: str = ""
    link_words: str = ""


def set_up_steps(
    sources: Sequence[SourceStatus], *, under_way: bool, failed_run: str | None
) -> list[SetUpStep]:
    """Returns the steps to the first load; the first that is not done is `now`. `under_way`: a run waits or
    works. `failed_run` is the newest run, if it has failed."""
    steps = list(_steps(sources, under_way, failed_run))
    to_do = next(place for place, one in enumerate(steps) if one.state != "done")
    steps[to_do] = replace(steps[to_do], state="now")
    return steps


def _steps(sources: Sequence[SourceStatus], under_way: bool, failed_run: str | None) -> Iterator[SetUpStep]:
    used = [one for one in sources if one.is_enabled]
    if not used:
        place = f"/settings?section={next(iter(SOURCE_SYSTEMS))}"
        yield SetUpStep(
            "Choose a source", words="Every source is switched off.", link=place, link_words="Switch one on"
        )
    for one in used:
        yield from _steps_of(one)
    load = SetUpStep("Load the dashboard")
    if under_way:
        yield replace(load, words="A run is under way: see Now, below.")
    elif failed_run:
        words = "The newest run has failed."
        yield replace(load, words=words, link=f"/runs/{failed_run}", link_words="See why")
    else:
        yield replace(load, words="Sync now computes the KPIs, matches the accounts and loads them.")


def _steps_of(one: SourceStatus) -> Iterator[SetUpStep]:
    title, state = SOURCE_SYSTEMS[one.source].title, one.state
    connect, sign_in, sync = f"Connect {title}", f"Sign in to {title}", f"First sync of {title}"
    synced = state is not None and state.last_succeeded_at is not None
    signed_in = synced or (state is not None and state.detail.get("setup_state") == "connected")
    if not one.is_connected:
        place = f"/settings?section={one.source}"
        words = "The settings name no connection in Fivetran."
        yield SetUpStep(connect, "done" if synced else "later", words, place, "Name it")
    else:
        yield SetUpStep(connect, "done")
    words = f"The owner of {title} signs in on Fivetran's page; the card below makes a link to it."
    yield SetUpStep(sign_in, "done" if signed_in else "later", words)
    began = state.first_sync_since if state else None
    words = f"Under way since {moment(began)} UTC." if began else "Sync now, or the schedule, begins it."
    yield SetUpStep(sync, "done" if synced else "later", words)
