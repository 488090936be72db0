"""The memory of the local Fivetran: groups, destinations, connections and webhooks, in one SQLite file.

Every change is written before it is answered, so that a restart, or a kill, loses nothing; a sync that was
running then is in its connection, and is run again.
"""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from filelock import FileLock, Timeout
from pydantic import BaseModel, Field
from sqlalchemy.dialects.sqlite import insert

from kpi_platform.domain.errors import Conflict

Outcome = Literal["success", "failed", "rescheduled", "broken", "cancelled"]
LockReason = Literal["SYSTEM_TABLE", "DELETED", "OTHER"]
ChangeHandling = Literal["ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL"]
SyncMode = Literal["SOFT_DELETE", "HISTORY"]
DelaySensitivity = Literal["LOW", "NORMAL", "HIGH", "CUSTOM", "SYNC_FREQUENCY"]
DEFAULT_REGION = "GCP_US_EAST4"
"""Fivetran has none for this machine."""
SYNC_FREQUENCIES = (1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440)


def now() -> datetime:
    return datetime.now(UTC)


class Group(BaseModel):
    id: str
    name: str
    created_at: datetime = Field(default_factory=now)


class StoredDestination(BaseModel):
    """The place in which the connections of the group of the same id land. `config` names the file, or the
    server and the environment variable that holds its password."""

    id: str
    service: str
    config: dict[str, Any]
    region: str = DEFAULT_REGION
    time_zone_offset: str = "0"
    created_at: datetime = Field(default_factory=now)


class PlannedOutcome(BaseModel):
    """How the next sync is to end, for tests. Seconds."""

    outcome: Outcome = "success"
    reason: str = "The source refused the connection."
    duration_seconds: float = 0.0
    reschedule_seconds: float = 60.0
    times: int = 1


class Sync(BaseModel):
    """One sync. `historical_tables`: the tables to read again from the start; `rows`: written, by table."""

    id: str
    trigger: str
    started_at: datetime
    ended_at: datetime | None = None
    historical_tables: list[str] | None = None
    status: str | None = None
    rows: dict[str, int] = Field(default_factory=dict)
    plan: PlannedOutcome | None = None


class TableState(BaseModel):
    """A table of the schema configuration. `cursor`: the source's time up to which it has landed,
    `landed_mode` and `landed_hashed`: how it did. `columns_dropped` leave the destination with the next sync.
    """

    enabled: bool = True
    sync_mode: SyncMode = "SOFT_DELETE"
    landed_mode: SyncMode = "SOFT_DELETE"
    cursor: datetime | None = None
    landed_hashed: list[str] = Field(default_factory=list)
    columns_off: list[str] = Field(default_factory=list)
    columns_hashed: list[str] = Field(default_factory=list)
    columns_dropped: list[str] = Field(default_factory=list)


class StoredConnection(BaseModel):
    id: str
    group_id: str
    service: str
    schema_name: str
    config: dict[str, Any] = Field(default_factory=dict)
    naming: Literal["FIVETRAN_NAMING", "SOURCE_NAMING"] = "FIVETRAN_NAMING"
    created_at: datetime = Field(default_factory=now)
    paused: bool = False
    schedule_type: Literal["auto", "manual"] = "auto"
    sync_frequency: int = 360
    daily_sync_time: str | None = None
    setup_state: Literal["incomplete", "connected", "broken"] = "connected"
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    rescheduled_for: datetime | None = None
    pause_after_trial: bool = False
    data_delay_sensitivity: DelaySensitivity = "NORMAL"
    data_delay_threshold: int = 0
    tasks: list[dict[str, str]] = Field(default_factory=list)
    warnings: list[dict[str, str]] = Field(default_factory=list)
    tables: dict[str, TableState] | None = None
    """By source table; None until the first sync, or a reload of the schema."""
    schema_change_handling: ChangeHandling = "ALLOW_ALL"
    schema_enabled: bool = True
    wanted_schema: dict[str, Any] | None = None
    """Changes of the schema that were asked for before it was known: applied as soon as it is."""
    locked_tables: dict[str, LockReason] = Field(default_factory=dict)
    """Tables, by the name they land with, whose switch cannot be changed; set through the control path."""
    ignored_tables: list[str] = Field(default_factory=list)
    """Tables whose changes are answered with success and not made; set through the control path."""
    setup_tests_fail: str | None = None
    """Failures of the setup tests; set through the control path."""
    anew_when_resumed: list[str] | None = None
    """Tables to read from the start with the next sync, asked for while the connection was paused."""
    running: Sync | None = None
    history: list[Sync] = Field(default_factory=list)
    planned: list[PlannedOutcome] = Field(default_factory=list)
    deleted: dict[str, dict[str, datetime]] = Field(default_factory=dict)
    """Rows deleted at the source through the control path: table → key → when."""
    connect_card_token: str | None = None
    connect_card_expires_at: datetime | None = None
    connect_card_redirect_uri: str | None = None

    @property
    def sync_state(self) -> str:
        if self.running:
            return "syncing"
        if self.paused:
            return "paused"
        return "rescheduled" if self.rescheduled_for else "scheduled"

    @property
    def update_state(self) -> str:
        failed = self.failed_at and (self.succeeded_at is None or self.failed_at > self.succeeded_at)
        return "delayed" if failed or self.rescheduled_for else "on_schedule"

    @property
    def is_historical_sync(self) -> bool:
        resyncing = self.running is not None and self.running.historical_tables is not None
        return self.succeeded_at is None or resyncing


class StoredWebhook(BaseModel):
    id: str
    type: Literal["account", "group"]
    group_id: str | None = None
    url: str
    events: list[str]
    active: bool = True
    secret: str | None = None
    failing_since: datetime | None = None
    created_at: datetime = Field(default_factory=now)


class Installation(BaseModel):
    """`day`: the day of the first start, on which the incident log's 2016-05-15 falls."""

    id: str = "installation"
    day: datetime
    source_clock_offset_seconds: float = 0.0


Document = TypeVar("Document", Group, StoredDestination, StoredConnection, StoredWebhook, Installation)
_metadata = sa.MetaData()
_documents = sa.Table(
    "documents",
    _metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)


def _kind(document: type[BaseModel]) -> str:
    """The name under which documents of a class are stored, also by earlier versions."""
    return document.__name__.removeprefix("Stored")


class Store:
    """The documents of one state home. Only one process has a home open; a second one gets a Conflict.

    Holders of `lock` may read a document, change it and `save` it; `all` and `get` return copies. `version`
    grows with every change.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.version = 0
        self._owner = FileLock(home / "state.lock", timeout=0, thread_local=False)
        try:
            self._owner.acquire()
        except Timeout as cause:
            raise Conflict(
                f"Another local Fivetran already runs on {home}.",
                next_step="Use that one, or stop it and start again.",
            ) from cause
        self._engine = sa.create_engine(f"sqlite:///{home / 'state.db'}")
        _metadata.create_all(self._engine)

    def all(self, kind: type[Document]) -> list[Document]:
        """Returns all documents of a kind, in the order of their making."""
        query = (
            sa.select(_documents.c.body).where(_documents.c.kind == _kind(kind)).order_by(sa.text("rowid"))
        )
        with self.lock, self._engine.connect() as connection:
            return [kind.model_validate_json(body) for body in connection.scalars(query)]

    def get(self, kind: type[Document], document_id: str) -> Document | None:
        query = sa.select(_documents.c.body).where(
            _documents.c.kind == _kind(kind), _documents.c.id == document_id
        )
        with self.lock, self._engine.connect() as connection:
            body = connection.scalar(query)
        return kind.model_validate_json(body) if body is not None else None

    def save(
        self, document: Group | StoredDestination | StoredConnection | StoredWebhook | Installation
    ) -> None:
        values = insert(_documents).values(
            kind=_kind(type(document)), id=document.id, body=document.model_dump_json()
        )
        statement = values.on_conflict_do_update(
            index_elements=["kind", "id"], set_={"body": values.excluded.body}
        )
        self._write(statement)

    def delete(self, kind: type[Document], document_id: str) -> None:
        statement = sa.delete(_documents).where(
            _documents.c.kind == _kind(kind), _documents.c.id == document_id
        )
        self._write(statement)

    def _write(self, statement: sa.Executable) -> None:
        with self.lock, self._engine.begin() as connection:
            connection.execute(statement)
            self.version += 1

    def compact(self) -> None:
        """Has the file hold nothing of what was overwritten or deleted."""
        with self.lock, self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("vacuum"))

    def close(self) -> None:
        self._engine.dispose()
        self._owner.release()
