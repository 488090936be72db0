"""Previews that are computed in the background: whoever asks for one follows it here, from any server."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import NotFound

Kind = Literal["settings", "custom_kpi"]
State = Literal["running", "done", "failed", "cancelled"]

LOST_AFTER = timedelta(seconds=30)
"""A server notes every second that it works on a preview; without a note for so long it has stopped."""

_KEPT = timedelta(days=1)
_previews = tables.previews


@dataclass(frozen=True, slots=True)
class StoredPreview:
    """`done` of `total` models are computed; 0 of 0 before the first. `answer` is JSON, once it is done;
    `error` says why it has failed."""

    id: str
    kind: Kind
    state: State
    seen_at: datetime
    done: int
    total: int
    answer: dict[str, Any] | None
    error: str | None

    @property
    def is_lost(self) -> bool:
        """Whether the server that computed it has stopped."""
        return self.state == "running" and datetime.now(UTC) - self.seen_at > LOST_AFTER


def add_preview(connection: sa.Connection, customer: str, kind: Kind) -> str:
    """Notes a preview that begins, and returns its id. Forgets those of yesterday."""
    preview_id, now = uuid.uuid4().hex, datetime.now(UTC)
    connection.execute(sa.delete(_previews).where(_previews.c.asked_at < now - _KEPT))
    connection.execute(
        sa.insert(_previews).values(
            id=preview_id, customer_id=get_customer(connection, customer).id, kind=kind, state="running",
            asked_at=now, seen_at=now, done=0, total=0,
        )
    )  # fmt: skip
    return preview_id


def get_preview(connection: sa.Connection, customer: str, preview_id: str) -> StoredPreview:
    """Returns a preview of the customer's. NotFound."""
    names = ("id", "kind", "state", "seen_at", "done", "total", "answer", "error")
    row = (
        connection.execute(
            sa.select(*(_previews.c[name] for name in names)).where(
                _previews.c.id == preview_id,
                _previews.c.customer_id == get_customer(connection, customer).id,
            )
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("This preview is not kept any more.", next_step="Ask for it again.")
    return StoredPreview(**row)


def note_progress(connection: sa.Connection, preview_id: str, done: int, total: int) -> bool:
    """Notes how far a preview is. Returns whether anybody still waits for it: False once it is cancelled."""
    values = {"done": done, "total": total, "seen_at": datetime.now(UTC)}
    return _update(connection, preview_id, values)


def end_preview(
    connection: sa.Connection,
    preview_id: str,
    state: State,
    *,
    answer: dict[str, Any] | None = None,
    error: str | None = None,
) -> bool:
    """Ends a preview. One that has ended already stays as it is, and False is returned."""
    return _update(connection, preview_id, {"state": state, "answer": answer, "error": error})


def _update(connection: sa.Connection, preview_id: str, values: dict[str, Any]) -> bool:
    running = sa.and_(_previews.c.id == preview_id, _previews.c.state == "running")
    return connection.execute(sa.update(_previews).where(running).values(values)).rowcount == 1
