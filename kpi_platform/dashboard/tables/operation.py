"""Tables of the operation: people, tokens and sessions, alerts, results of checks, and the audit trail."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import customer_id_column, key_column, metadata, one_of
from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id"), comment="NULL: the operator's."),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False, comment="In small letters."),
    sa.Column("scope", Slug, nullable=False),
    sa.Column("invited_by", sa.Text, nullable=False),
    sa.Column("invited_at", UtcDateTime, nullable=False),
    sa.Column("removed_at", UtcDateTime),
    one_of("scope", "read", "write", "admin"),
    sa.Index(None, "customer_id", "email"),
    comment="Who uses the web app and the API.",
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("token_hash", Slug, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id"), comment="NULL: the operator's."),
    sa.Column("person_id", sa.Integer),
    sa.Column("scope", Slug, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("last_used_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column(
        "single_session",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="Of a sign-in link: the token ends with the session that the link has started.",
    ),
    one_of("scope", "read", "write", "admin"),
    sa.Index(None, "person_id"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("hash", Slug, primary_key=True, comment="Of what the cookie holds."),
    sa.Column("token_id", sa.Integer, sa.ForeignKey("api_tokens.id", ondelete="CASCADE"), nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Index(None, "token_id"),
    sa.Index(None, "expires_at"),
    comment="Browsers that are signed in. A session that has ended has no row.",
)

alerts = sa.Table(
    "alerts",
    metadata,
    customer_id_column(primary_key=True),
    key_column("kind", Slug),
    key_column("subject", Slug),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("next_step", sa.Text, nullable=False),
    sa.Column("link", sa.Text),
    sa.Column("run_id", sa.Text),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("told_at", UtcDateTime),
    sa.Column("cleared_at", UtcDateTime),
    comment="What a person was told, once for as long as it lasts.",
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    customer_id_column(primary_key=True),
    key_column("notice", Slug),
    key_column("channel", Slug),
    sa.Column("message", sa.Text, nullable=False, comment="What it was sent in: itself, or several as one."),
    sa.Column("claimed_at", UtcDateTime, nullable=False),
    sa.Column("taken_at", UtcDateTime),
    comment="Through which channel each notice was sent, so that it goes through each once.",
)

check_results = sa.Table(
    "check_results",
    metadata,
    customer_id_column(primary_key=True),
    key_column("suite", Slug),
    sa.Column("checked_at", UtcDateTime, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("passed", sa.Integer, nullable=False),
    sa.Column("findings", JSON, nullable=False),
    comment="The newest outcome of each suite of checks: how many passed, and what the others found.",
)

account_counts = sa.Table(
    "account_counts",
    metadata,
    customer_id_column(primary_key=True),
    sa.Column("as_of", UtcDateTime, nullable=False),
    sa.Column("counts", JSON, nullable=False),
    comment="How many accounts the newest build found, by type and by why they do not count.",
)

audit_events = sa.Table(
    "audit_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id")),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("action", Slug, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("detail", JSON, nullable=False),
    sa.Index(None, "customer_id", "at"),
)
