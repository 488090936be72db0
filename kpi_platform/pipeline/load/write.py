"""Writes the changes of all loads of a transaction, one statement for each table; in a dry run nothing."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard.bulk_writing import concatenated, write_columns
from kpi_platform.dashboard.definitions import KpiDefinition, store_definitions
from kpi_platform.dashboard.match_store import note_loaded
from kpi_platform.dashboard.retention import store_retention
from kpi_platform.dashboard.tables import lost_values
from kpi_platform.dashboard.uploads import add_uploads, note_end, update_upload
from kpi_platform.dashboard.versioned import (
    FAMILIES,
    Change,
    Family,
    apply_staged,
    insert_current,
    record_history,
    record_inserted,
    staging,
)
from kpi_platform.domain.load_plan import Positions

Columns = Mapping[str, Any]
"""Arrays of equal length, or one value for all rows."""

AT_ONCE = 50_000
"""Rows that may wait in memory before they are written."""


@dataclass(slots=True)
class LoadWriter:
    """Collects changes, upload after upload, and writes them in `finish`, or earlier if they are many.

    Inserted rows go straight into their tables. All other changes wait in temporary tables until the inserted
    rows have been copied to the history.
    """

    connection: sa.Connection
    _stack: ExitStack
    _uploads: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    """Rows of uploads that are not written yet, by customer and version."""
    _waiting: dict[tuple[Family, Change], list[tuple[Columns, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _rows: int = 0
    _inserted: dict[Family, set[tuple[int, int]]] = field(default_factory=lambda: defaultdict(set))
    _staged: dict[tuple[Family, Change], sa.Table] = field(default_factory=dict)
    _written: set[tuple[int, int]] = field(default_factory=set)
    """Uploads whose row is written."""
    _changed: set[tuple[int, int]] = field(default_factory=set)
    """Uploads that change rows: history refers to them, so their own row must stay."""
    _retention: list[Mapping[str, Any]] = field(default_factory=list)
    _lost: list[tuple[Columns, int]] = field(default_factory=list)
    _loaded: dict[int, int] = field(default_factory=dict)
    _created: dict[int, int] = field(default_factory=dict)
    _new_definitions: dict[int, list[KpiDefinition]] = field(default_factory=dict)
    _changed_definitions: dict[int, list[KpiDefinition]] = field(default_factory=dict)

    def begin(self, upload: dict[str, Any]) -> None:
        """Starts an upload; its changes follow."""
        self._uploads[upload["customer_id"], upload["version"]] = upload

    def complete(self, customer_id: int, version: int, values: Mapping[str, Any]) -> None:
        """Ends an upload: adds `values` to its row."""
        key = customer_id, version
        if key in self._uploads:
            self._uploads[key] |= values
        else:
            update_upload(self.connection, *key, **values)

    def changes_rows(self, customer_id: int, version: int) -> bool:
        """Whether the upload has changed a row of any family: account, health or value."""
        return (customer_id, version) in self._changed

    def discard(self, customer_id: int, version: int) -> None:
        """Forgets an upload that changes no row, so that none is stored."""
        del self._uploads[customer_id, version]

    def change(self, family: Family, change: Change, columns: Columns, rows: Positions) -> None:
        """Adds a change: the positions `rows` of `columns` are inserted, updated, … by the upload that the
        columns `customer_id` and `upload_version` name."""
        if len(rows):
            taken = {n: v[rows] if isinstance(v, np.ndarray) else v for n, v in columns.items()}
            self._waiting[family, change].append((taken, len(rows)))
            self._rows += len(rows)
            upload = columns["customer_id"], columns["upload_version"]
            self._changed.add(upload)
            if change == "inserted":
                self._inserted[family].add(upload)
            if self._rows >= AT_ONCE:
                self._write()

    def lose(self, columns: Columns, rows: int) -> None:
        """Adds `rows` values that the upload takes away; `columns` are those of `lost_values`."""
        if rows:
            self._lost.append((columns, rows))

    def note_loaded(self, customer_id: int, version: int, *, created: bool) -> None:
        """Notes that the upload uses its customer's matches; see `match_store.note_loaded`."""
        self._loaded[customer_id] = version
        if created:
            self._created[customer_id] = version

    def define(self, customer_id: int, definitions: list[KpiDefinition], known: Mapping[str, Any]) -> bool:
        """Stores the definitions that differ from the stored ones (`known`); returns whether any differs."""
        differing = [one for one in definitions if known.get(one.kpi) != one]
        self._new_definitions[customer_id] = [one for one in differing if one.kpi not in known]
        self._changed_definitions[customer_id] = [one for one in differing if one.kpi in known]
        return bool(differing)

    def retain(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds the revenue retention of an upload: rows of `retention_rows`."""
        self._retention.extend(rows)

    def finish(self) -> None:
        """Writes everything that is left."""
        self._write()
        for family in FAMILIES:
            if self._inserted[family]:
                record_inserted(self.connection, family, sorted(self._inserted[family]))
        for (family, change), table in self._staged.items():
            customers = sorted({customer for customer, _ in self._written})
            apply_staged(self.connection, family, table, customers, change)
        store_retention(self.connection, self._retention)
        if self._lost:
            write_columns(self.connection, lost_values, *concatenated(self._lost))
        note_loaded(self.connection, self._loaded, created=self._created)
        store_definitions(self.connection, self._new_definitions, self._changed_definitions)
        if self._written:
            note_end(self.connection, sorted(self._written))

    def _write(self) -> None:
        if self._uploads:
            self._written |= self._uploads.keys()
            add_uploads(self.connection, list(self._uploads.values()))
            self._uploads.clear()
        for family in FAMILIES:
            for change in ("inserted", "updated", "retired", "history_only"):
                parts = self._waiting.pop((family, change), None)
                if parts:
                    self._write_change(family, change, *concatenated(parts))
        self._rows = 0

    def _write_change(self, family: Family, change: Change, columns: Columns, rows: int) -> None:
        if change == "inserted":
            insert_current(self.connection, family, columns, rows)
            return
        staged = {**columns, "brought_by": columns["upload_version"]}
        if change == "history_only":
            record_history(self.connection, family, staged, rows, change)
            return
        # Most loads need few of these tables, so each is made on its first use.
        if (family, change) not in self._staged:
            made = staging(self.connection, family, change)
            self._staged[family, change] = self._stack.enter_context(made)
        write_columns(self.connection, self._staged[family, change], staged, rows)


class DryRun(LoadWriter):
    """Takes the same calls and writes nothing."""

    def begin(self, upload: dict[str, Any]) -> None: ...
    def complete(self, customer_id: int, version: int, values: Mapping[str, Any]) -> None: ...
    def discard(self, customer_id: int, version: int) -> None: ...
    def change(self, family: Family, change: Change, columns: Columns, rows: Positions) -> None: ...
    def lose(self, columns: Columns, rows: int) -> None: ...
    def note_loaded(self, customer_id: int, version: int, *, created: bool) -> None: ...
    def finish(self) -> None: ...


@contextmanager
def writing(connection: sa.Connection, *, dry_run: bool) -> Iterator[LoadWriter]:
    """Gives a writer for the loads of one transaction; it has written everything when the block ends."""
    with ExitStack() as stack:
        writer = (DryRun if dry_run else LoadWriter)(connection, stack)
        yield writer
        writer.finish()
