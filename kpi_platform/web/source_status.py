"""How fresh a source of a customer is, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kpi_platform.dashboard.source_states import SourceState
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import Source


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source of a customer. `condition` is good, watch or bad; `words` say why."""

    source: Source
    condition: str
    words: str
    state: SourceState | None
    warnings: list[str]
    is_enabled: bool
    is_connected: bool

    @property
    def awaits_set_up(self) -> bool:
        """Whether the owner of the source has to sign in at Fivetran."""
        return self.state is not None and self.state.detail.get("setup_state") in ("incomplete", "broken")


def source_status(
    settings: CustomerSettings, source: Source, states: Mapping[Source, SourceState]
) -> SourceStatus:
    """Returns how the source is now, by its recorded syncs."""
    state = states.get(source)
    condition, words = _condition(settings, source, state)
    told = state.detail if state and state.connection_id == settings.source(source).connection_id else {}
    warnings = [str(one) for name in ("findings", "warnings") for one in told.get(name) or ()]
    section = settings.source(source)
    return SourceStatus(
        source, condition, words, state, warnings, section.enabled, section.connection_id is not None
    )


def _condition(settings: CustomerSettings, source: Source, state: SourceState | None) -> tuple[str, str]:
    if not settings.source(source).enabled:
        return "none", "Switched off"
    if settings.source(source).connection_id is None:
        return "watch", "Not connected"
    if state is not None and state.first_sync_since is not None:
        kind = "First sync" if state.last_succeeded_at is None else "Historical sync"
        return "watch", f"{kind}, since {state.first_sync_since:%Y-%m-%d %H:%M} UTC"
    if state is not None and state.put_off_until is not None:
        return "watch", f"Put off by Fivetran until {state.put_off_until:%Y-%m-%d %H:%M} UTC"
    if state is None or state.last_succeeded_at is None:
        return ("bad", "Last sync failed") if state and state.failed_at else ("watch", "Never synced")
    if state.last_sync_failed:
        return "bad", "Last sync failed"
    # As the KPIs' own `stale`: older than twice the frequency.
    allowed = timedelta(minutes=2 * settings.frequency(source))
    if settings.syncs_automatically(source) and datetime.now(UTC) - state.last_succeeded_at > allowed:
        return "watch", "Old"
    return "good", "Fresh"
