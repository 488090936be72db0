"""Judges a load before it writes anything, by comparing it with earlier loads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpi_platform.dashboard.load_holds import record_hold
from kpi_platform.domain.account_counts import TYPES_SETTING, AccountCounts
from kpi_platform.domain.errors import LoadHeld, LoadRefused
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.load_guard import Anomaly, KpiProfile, LoadProfile, anomalies, harms
from kpi_platform.domain.load_plan import text_hashes
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.load.read import Incoming
from kpi_platform.pipeline.load.task import LoadTask

_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one load. A load with `harms` is held; `anomalies` are only reported. The upload keeps
    `profile`, so that later loads can be compared with it."""

    profile: LoadProfile
    harms: tuple[str, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()


def judge(task: LoadTask, history: Sequence[LoadProfile], accounts: AccountCounts) -> Judgement:
    """Compares a load with `history`, the profiles of the customer's earlier loads, newest first. A load that
    is older than what is shown changes only the history, so it does no harm. `accounts` say why none is left.

    Raises LoadRefused for a first load without accounts: there is nothing to show."""
    if task.is_first and not task.incoming.source_ids:
        raise LoadRefused(
            f"Nothing was loaded for '{task.customer}'. {accounts.nobody_left()}",
            next_step=f"Name the types of its customers in {TYPES_SETTING} (settings page, Salesforce), then "
            "run again.",
            details={"customer": task.customer, "left_out": accounts.document()},
        )
    kpis = {slug for slug, one in task.definitions.items() if one.source in task.sources}
    profile = profile_of(task.incoming, kpis)
    if not history or task.any_older:
        return Judgement(profile.with_rest_of(history[0] if history else None))
    mappings = task.settings.kpi_mappings
    wanted = [one for slug, one in task.definitions.items() if slug not in KPIS or mappings[slug].enabled]
    sources: dict[str, list[str]] = {
        source: [one.kpi for one in wanted if one.source == source]
        for source in SOURCES
        if source in task.sources and task.settings.source(source).enabled
    }
    found = harms(history[0], profile, set(task.incoming.source_ids), sources)
    if found and not task.incoming.source_ids:
        found.append(f"{accounts.nobody_left()} Which types count is set in {TYPES_SETTING}.")
    return Judgement(profile.with_rest_of(history[0]), tuple(found), tuple(anomalies(history, profile)))


def hold(task: LoadTask, judged: Judgement, run_id: str | None) -> LoadHeld:
    """Records that the load waits for its release (not in a dry run), and returns the error that says so."""
    if not task.dry_run:
        record_hold(
            task.connection,
            task.customer_id,
            as_of=task.as_of,
            run_id=run_id,
            reasons=judged.harms,
            profile=judged.profile,
        )
    is_held = "would be held" if task.dry_run else "is held"
    return LoadHeld(
        f"The load of '{task.customer}' {is_held}, and nothing was changed: {' '.join(judged.harms)}",
        next_step="Check the source. If the change is right, release the load on the uploads page or with "
        f"`kpi-platform uploads release {task.customer}`.",
        details={"customer": task.customer, "reasons": list(judged.harms), "recorded": not task.dry_run},
    )


def profile_of(incoming: Incoming, kpis: set[str]) -> LoadProfile:
    """Returns the profile of the incoming values of `kpis`."""
    values = incoming.values
    has_value = ~np.isnan(values["value"])
    profiles: dict[str, KpiProfile] = {}
    for code, slug in enumerate(incoming.kpis):
        if slug in kpis:
            mine = values["value"][(values["kpi"] == code) & has_value]
            profiles[slug] = KpiProfile(len(mine), float(np.median(mine)) if len(mine) else None)
    return LoadProfile(len(incoming.source_ids), _sample(incoming.source_ids), profiles)


def _sample(ids: list[str]) -> tuple[str, ...]:
    """The ids with the smallest hashes: later loads pick the same ones if they are still there."""
    if len(ids) <= _SAMPLE:
        return tuple(sorted(ids))
    # Compared as bytes are, from the first on.
    smallest = np.argsort(text_hashes(ids).byteswap(), kind="stable")[:_SAMPLE]
    return tuple(ids[one] for one in smallest.tolist())
