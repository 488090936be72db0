"""A source from which somebody deletes rows, each in its source's way."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from kpi_platform.local.samples.source import Source, SourceChanges, Window


@dataclass(frozen=True, slots=True)
class WithDeletions:
    """`source` without the rows that were deleted: table → key → instant.

    Salesforce keeps them in its recycle bin, with `IsDeleted`; elsewhere they vanish.
    """

    source: Source
    deletions: Mapping[str, Mapping[str, int]]

    @property
    def tables(self) -> Mapping[str, str]:
        return self.source.tables

    def changes(self, table: str, window: Window) -> SourceChanges:
        changes, key = self.source.changes(table, window), self.tables[table]
        gone = {row: at for row, at in self.deletions.get(table, {}).items() if at < window.until}
        if not gone:
            return changes
        fresh = [row for row, at in gone.items() if window.since is None or at >= window.since]
        is_gone = pc.is_in(changes.rows[key], pa.array(list(gone), pa.string()))
        kept = changes.rows.filter(pc.invert(is_gone))
        if "IsDeleted" not in kept.column_names:
            noticed = [] if window.since is None else fresh
            return SourceChanges(kept, [*changes.deleted, *noticed])
        written_again = changes.rows.filter(is_gone)[key].to_pylist()
        return SourceChanges(pa.concat_tables([kept, self._binned(table, {*fresh, *written_again}, window)]))

    def _binned(self, table: str, keys: set[str], window: Window) -> pa.Table:
        rows = self.source.changes(table, Window(None, window.until)).rows
        rows = rows.filter(pc.is_in(rows[self.tables[table]], pa.array(sorted(keys), pa.string())))
        position = rows.column_names.index("IsDeleted")
        return rows.set_column(position, "IsDeleted", pa.repeat(pa.scalar(True), len(rows)))
