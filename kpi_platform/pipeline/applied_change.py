"""One change of a connection in Fivetran, in words that people and programs read."""

from dataclasses import dataclass

from kpi_platform.domain.sources import Source


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """One change of a connection. `setting` is paused, schedule_type, sync_frequency or tables.<table>;
    `value` is the one in Fivetran, now or later. `pending`: Fivetran takes it only when the source's owner
    has signed in; it is sent before the first sync. `kept`: why the value is not the one that the settings
    want."""

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
