"""The incidents of a sample customer as they stand at an instant: the log replayed, shifted and repeated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpi_platform.local.samples.crm import Crm
from kpi_platform.local.samples.identifiers import Texts, sys_ids
from kpi_platform.local.samples.incident_log import ANCHOR, LENGTH, START, IncidentLog, incident_log
from kpi_platform.local.samples.noise import Floats, Integers, normal, uniform
from kpi_platform.local.samples.source import DAY, HOUR, MINUTE, NEVER, Window

_TARGET_HOURS = np.array([0, 8, 24, 72, 168])
_RESPONSE_HOURS = np.array([0, 0.3, 1.0, 2.5, 6.0])
RESPONSE_TARGET_HOURS = np.array([0, 1, 4, 8, 24])


@dataclass(frozen=True)
class Tickets:
    """Incidents that exist at the end of the window, one element each. Instants are in microseconds.

    `state` holds what the log's last event before then says. `alive`: not deleted; `fresh`: alive, and
    written in the window; `vanished`: deleted in the window.
    """

    seed: str
    log: Mapping[str, Integers]
    state: Mapping[str, Integers]
    repeat: Integers
    account: Integers
    opened: Integers
    resolved: Integers
    closed: Integers
    responded: Integers
    rated: Integers
    due: Integers
    reopened: Integers
    written: Integers
    alive: NDArray[np.bool_]
    fresh: NDArray[np.bool_]
    vanished: NDArray[np.bool_]

    @cached_property
    def sys_id(self) -> Texts:
        return sys_ids(f"{self.seed}/incident", self.log["incident_number"], self.repeat)

    @property
    def numbers(self) -> list[str]:
        """The log's numbers; each repetition of the log has a range of its own."""
        return [f"INC{n:07d}" for n in self.log["incident_number"] + 1_000_000 * self.repeat]

    @property
    def made_sla(self) -> NDArray[np.bool_]:
        return self.state["made_sla"].astype(bool)

    @cached_property
    def ratings(self) -> Floats:
        """1 to 5, better if the SLA was made; a few are no ratings at all."""
        at = self.log["incident_number"], self.repeat
        rating = np.round(3.2 + 0.8 * self.made_sla + 0.9 * normal(f"{self.seed}/incident rating", *at))
        return np.where(uniform(f"{self.seed}/bad rating", *at) < 0.015, 0, np.clip(rating, 1, 5))

    def select(self, chosen: NDArray[np.bool_]) -> "Tickets":
        return _combined([self], lambda arrays: arrays[0][chosen])


class TicketHistory:
    """The log's part for one customer: the locations of its slice stand for its client accounts."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        whole = incident_log()
        locations = whole.locations_by_size[crm.profile.slice :: 3][: crm.profile.accounts]
        self.log: IncidentLog = whole.of_locations(locations)
        rank = np.full(int(locations.max()) + 1, -1)
        rank[locations] = np.arange(len(locations))
        self.account: Integers = rank[self.log.finals["location"]]

    def tickets(self, window: Window) -> Tickets:
        """Returns all incidents that exist at the end of the window, over all repetitions of the log."""
        shift = self._crm.day - ANCHOR
        begins = START + int(self.log.events["at"].min(initial=0)) * MINUTE + shift
        repeats = max(1, (window.until - begins) // LENGTH + 1)
        parts = [self._replay(window, shift + n * LENGTH, n) for n in range(repeats)]
        return parts[0] if len(parts) == 1 else _combined(parts, np.concatenate)

    def _replay(self, window: Window, shift: int, repeat: int) -> Tickets:
        log, seed = self.log, self._crm.seed
        starts = log.offsets[:-1]
        events = {name: values for name, values in log.events.items() if name != "at"}
        event_at = START + log.events["at"] * MINUTE + shift
        happened = np.add.reduceat(event_at < window.until, starts)
        last = starts + np.maximum(happened, 1) - 1
        first_reopening = np.minimum.reduceat(np.where(events["reopen_count"] > 0, event_at, NEVER), starts)

        def moment(name: str) -> Integers:
            minutes = log.finals[name]
            return np.where(minutes < 0, NEVER, START + minutes * MINUTE + shift)

        opened, resolved, closed = moment("opened_at"), moment("resolved_at"), moment("closed_at")
        at = log.finals["incident_number"], np.full(len(starts), repeat)
        ended = np.minimum(resolved, closed)
        final = log.offsets[1:] - 1
        due = _due(seed, at, opened, ended, events["priority"][final], events["made_sla"][final] > 0)
        responded = _responded(seed, at, opened, ended, events["priority"][final])
        asked = (resolved < NEVER) & (uniform(f"{seed}/asked", *at) < 0.35)
        rated = np.where(
            asked, ended + (1 + 47 * uniform(f"{seed}/rated", *at)).astype(np.int64) * HOUR, NEVER
        )
        gone = uniform(f"{seed}/incident gone", at[0]) < 0.002
        deleted = np.where(gone, closed + 5 * DAY, NEVER)
        fresh, written = window.written(event_at[starts], event_at[last], resolved, closed, responded, rated)
        since = window.until if window.since is None else window.since
        exists = (happened > 0) & (opened >= self._crm.start(3650))
        tickets = Tickets(
            seed=seed,
            log=log.finals,
            state={name: values[last] for name, values in events.items()},
            repeat=at[1],
            account=self.account,
            opened=opened,
            resolved=np.where(resolved < window.until, resolved, NEVER),
            closed=np.where(closed < window.until, closed, NEVER),
            responded=np.where(responded < window.until, responded, NEVER),
            rated=np.where(rated < window.until, rated, NEVER),
            due=due,
            reopened=np.where(first_reopening < window.until, first_reopening, NEVER),
            written=written,
            alive=deleted >= window.until,
            fresh=fresh & (deleted >= window.until),
            vanished=(deleted < window.until) & (deleted >= since),
        )
        return tickets.select(exists)


def _combined(parts: list[Tickets], combine: Callable[[list[Any]], Any]) -> Tickets:
    """Tickets whose every array is what `combine` makes of that of the parts."""
    values: dict[str, Any] = {}
    for name in (field.name for field in fields(Tickets)):
        first = getattr(parts[0], name)
        if isinstance(first, np.ndarray):
            values[name] = combine([getattr(part, name) for part in parts])
        elif isinstance(first, Mapping):
            values[name] = {key: combine([getattr(part, name)[key] for part in parts]) for key in first}
        else:
            values[name] = first
    return Tickets(**values)


def _due(
    seed: str,
    at: tuple[Integers, Integers],
    opened: Integers,
    ended: Integers,
    priority: Integers,
    made: NDArray[np.bool_],
) -> Integers:
    """By priority, but so that it agrees with what the log says of the SLA."""
    draw = uniform(f"{seed}/due", *at)
    target = opened + _TARGET_HOURS[priority] * HOUR
    kept = np.maximum(target, ended + (draw * 240).astype(np.int64) * MINUTE)
    broken = np.minimum(target, opened + ((0.3 + 0.6 * draw) * (ended - opened)).astype(np.int64))
    due: Integers = np.where(made, kept, np.minimum(broken, ended - MINUTE))
    return due


def _responded(
    seed: str, at: tuple[Integers, Integers], opened: Integers, ended: Integers, priority: Integers
) -> Integers:
    """Mostly after a while that depends on the priority, sometimes not recorded, rarely by a wrong clock."""
    hours = _RESPONSE_HOURS[priority] * np.exp(0.9 * normal(f"{seed}/response", *at))
    responded = np.minimum(opened + (hours * 60).astype(np.int64) * MINUTE, ended)
    kind = uniform(f"{seed}/response kind", *at)
    moments: Integers = np.select([kind < 0.08, kind < 0.085], [NEVER, opened - 10 * MINUTE], responded)
    return moments
