"""One thing that a connection in Fivetran was told, in words that people and programs read."""

from dataclasses import dataclass

from kpi_platform.domain.kpis import Source


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """One thing that a connection was told. `setting` is paused, schedule_type, sync_frequency or
    tables.<table>; `value` is what holds in Fivetran, or will. `pending`: Fivetran can be told only once its
    owner has signed in to the source; it is told before the first sync. `kept`: why the value is another
    than the settings want."""

    source: Source
    connection_id: str
    setting: str
    value: bool | int | str
    pending: bool = False
    kept: str = ""

    @property
    def message(self) -> str:
        text = self._words()
        if self.kept:
            return f"stays {text}: {self.kept}"
        if not self.pending:
            return text
        return f"{text}, {'before' if self.setting.startswith('tables.') else 'after'} the first sync"

    def _words(self) -> str:
        if self.setting == "schedule_type" and self.value == "manual":
            return "set to manual in Fivetran: the platform starts the syncs"
        if self.setting == "sync_frequency":
            return f"every {self.value} minutes"
        if not isinstance(self.value, bool):
            return str(self.value)
        if self.setting == "paused":
            return "paused" if self.value else "not paused"
        return "on" if self.value else "off"
