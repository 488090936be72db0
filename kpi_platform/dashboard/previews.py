"""Previews that are computed in the background: whoever asks for one follows it here, from any server."""

import uuid
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform.domain.errors import NotFound

Kind = Literal["settings", "custom_kpi"]
State = Literal["running", "done", "failed", "cancelled"]

LOST_AFTER = timedelta(seconds=30)
"""A server notes every second that it works on a preview; without a note for so long it has stopped."""

FOUND_FOR = timedelta(hours=1)
"""For so long the form shows a preview again to whoever left it."""

_KEPT = timedelta(days=1)
_previews = tables.previews


@dataclass(frozen=True, slots=True)
class StoredPreview:
    """`subject` is the section of the settings, or the slug of the custom KPI (`new` for one to be). `done`
    of `total` models are computed; 0 of 0 before the first. `answer` is JSON, once it is done; `error` says
    why it has failed."""

    id: str
    kind: Kind
    subject: str
    state: State
    asked_at: datetime
    seen_at: datetime
    done: int
    total: int
    answer: dict[str, Any] | None
    error: str | None

    @property
    def is_lost(self) -> bool:
        """Whether the server that computed it has stopped."""
        return self.state == "running" and datetime.now(UTC) - self.seen_at > LOST_AFTER


_SELECT = sa.select(*(_previews.c[one.name] for one in fields(StoredPreview)))


def add_preview(connection: sa.Connection, customer: str, kind: Kind, subject: str) -> str:
    """Notes a preview that begins, and returns its id. Forgets those of yesterday."""
    preview_id, now = uuid.uuid4().hex, datetime.now(UTC)
    connection.execute(sa.delete(_previews).where(_previews.c.asked_at < now - _KEPT))
    connection.execute(
        sa.insert(_previews).values(
            id=preview_id, customer_id=get_customer(connection, customer).id, kind=kind,
            subject=subject, state="running",
            asked_at=now, seen_at=now, done=0, total=0,
        )
    )  # fmt: skip
    return preview_id


def get_preview(connection: sa.Connection, customer: str, preview_id: str) -> StoredPreview:
    """Returns a preview of the customer's. NotFound."""
    row = (
        connection.execute(
            _SELECT.where(
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


def found_preview(connection: sa.Connection, customer: str, kind: Kind, subject: str) -> StoredPreview | None:
    """Returns the newest preview of `subject`, to whoever left its form and comes back: one of the last hour,
    asked for after the settings were saved, that was not cancelled."""
    since, saved = datetime.now(UTC) - FOUND_FOR, current_settings(connection, customer)
    row = (
        connection.execute(
            _SELECT.where(
                _previews.c.customer_id == get_customer(connection, customer).id,
                _previews.c.kind == kind,
                _previews.c.subject == subject,
                _previews.c.asked_at > (max(since, saved.saved_at) if saved else since),
            )
            .order_by(_previews.c.asked_at.desc())
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return StoredPreview(**row) if row is not None and row["state"] != "cancelled" else None


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
