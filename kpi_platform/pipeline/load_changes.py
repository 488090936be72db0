"""Applies planned changes of one kind of rows; in a dry run it writes nothing."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard.bulk import write_columns
from kpi_platform.dashboard.versioned import (
    Change,
    Family,
    apply_staged,
    insert_current,
    record_history,
    record_inserted,
    staging,
)
from kpi_platform.domain.load_plan import Positions
from kpi_platform.pipeline.load_task import LoadTask

Columns = Mapping[str, Any]
"""Arrays of equal length, or one value for all rows."""


@dataclass(slots=True)
class ChangeWriter:
    """Collects changes, slice by slice: additions go in at once, the others wait in temporary tables until
    the additions have been copied to the history."""

    task: LoadTask
    family: Family
    stack: ExitStack
    _inserted: int = 0
    _staged: dict[Change, sa.Table] = field(default_factory=dict)

    def insert(self, columns: Columns, rows: Positions, **more: Any) -> None:
        if len(rows):
            task = self.task
            values = {**_take(columns, rows), **more}
            insert_current(task.connection, self.family, task.customer_id, task.version, values, len(rows))
            self._inserted += len(rows)

    def update(self, columns: Columns, rows: Positions) -> None:
        self._stage("updated", _take(columns, rows), len(rows))

    def retire(self, columns: Columns, rows: Positions) -> None:
        retired = _take(columns, rows) | {"retired_at": self.task.as_of}
        self._stage("retired", retired, len(rows))

    def keep_in_history(self, columns: Columns, rows: Positions) -> None:
        if len(rows):
            task = self.task
            values = _take(columns, rows)
            record_history(
                task.connection,
                self.family,
                task.customer_id,
                task.version,
                values,
                len(rows),
                "history_only",
            )

    def finish(self) -> None:
        task, key = self.task, (self.task.customer_id, self.task.version)
        if self._inserted:
            record_inserted(task.connection, self.family, *key)
        for change, table in self._staged.items():
            apply_staged(task.connection, self.family, table, *key, change)

    def _stage(self, change: Change, columns: dict[str, Any], rows: int) -> None:
        """The tables are made when they are needed: most loads change nothing of most kinds."""
        if not rows:
            return
        if change not in self._staged:
            made = staging(self.task.connection, self.family, change)
            self._staged[change] = self.stack.enter_context(made)
        staged = columns | {"brought_by": self.task.version}
        write_columns(self.task.connection, self._staged[change], staged, rows)


class DryRun(ChangeWriter):
    """Takes the same calls and leaves the database as it is."""

    def __init__(self) -> None:
        """Needs no task: it has nothing to do."""

    def insert(self, columns: Columns, rows: Positions, **more: Any) -> None: ...
    def update(self, columns: Columns, rows: Positions) -> None: ...
    def retire(self, columns: Columns, rows: Positions) -> None: ...
    def keep_in_history(self, columns: Columns, rows: Positions) -> None: ...
    def finish(self) -> None: ...


@contextmanager
def changing(task: LoadTask, family: Family) -> Iterator[ChangeWriter]:
    """A writer for `family`; everything it was given is in place after the block."""
    if task.dry_run:
        yield DryRun()
        return
    with ExitStack() as stack:
        writer = ChangeWriter(task, family, stack)
        yield writer
        writer.finish()


def _take(columns: Columns, rows: Positions) -> dict[str, Any]:
    return {
        name: values[rows] if isinstance(values, np.ndarray) else values for name, values in columns.items()
    }
