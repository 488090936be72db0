"""The runs of the orchestrator as people see them; requests for a sync can be cancelled."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.migrations.sqlite_table import rewrite
from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_STATES = ("queued", "running", "cancelling", "done", "failed", "cancelled")
_BEFORE = ("queued", "syncing", "transforming", "matching", "loading", "done", "failed")
_AFTER = (*_BEFORE, "cancelled")


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", Slug, nullable=False, comment="Dagster's."),
        sa.Column("job", Slug, nullable=False),
        sa.Column(
            "started_by", Slug, nullable=False, comment="The kind of cause: a request, the schedule, ..."
        ),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("request_id", Slug, nullable=True),
        sa.Column("state", Slug, nullable=False),
        sa.Column("queued_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True, comment="In the queue, from 1."),
        sa.Column("waits_for", sa.Text(), server_default="", nullable=False),
        sa.Column("steps", JSON, nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False, comment="How many it covers."),
        sa.Column("changed_at", UtcDateTime(), nullable=False, comment="In Dagster's storage."),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.Column("cancel_asked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(_one_of(_STATES), name=op.f("ck_runs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    for column in ("state", "changed_at", "request_id"):
        op.create_index(op.f(f"ix_runs_{column}"), "runs", [column], unique=False)
    op.create_table(
        "run_customers",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("run_id", Slug, nullable=False),
        sa.Column("state", Slug, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(_one_of(_STATES), name=op.f("ck_run_customers_state")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_run_customers_customers")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_customers_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "run_id", name=op.f("pk_run_customers")),
        comment="What became of each customer of a run.",
    )
    op.create_index(op.f("ix_run_customers_run_id"), "run_customers", ["run_id"], unique=False)
    op.create_table(
        "orchestrator",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orchestrator")),
        comment="When the orchestrator last looked for work, in one row.",
    )
    _allow(_BEFORE, _AFTER)


def downgrade() -> None:
    """Turns a cancelled request into a failed one."""
    op.execute("UPDATE sync_requests SET state = 'failed' WHERE state = 'cancelled'")
    _allow(_AFTER, _BEFORE)
    op.drop_table("orchestrator")
    op.drop_table("run_customers")
    op.drop_table("runs")


def _allow(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    rewrite("sync_requests", {f"CHECK (state IN {before})": f"CHECK (state IN {after})"})
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_sync_requests_state"), "sync_requests", type_="check")
        op.create_check_constraint(op.f("ck_sync_requests_state"), "sync_requests", _one_of(after))


def _one_of(allowed: tuple[str, ...]) -> str:
    return " OR ".join(f"state = {value!r}" for value in allowed)
