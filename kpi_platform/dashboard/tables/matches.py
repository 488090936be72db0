"""The dashboard account of each source account, and the decisions of people."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import account_key, customer_id_column, metadata, one_of
from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

account_matches = sa.Table(
    "account_matches",
    metadata,
    customer_id_column(primary_key=True),
    sa.Column("source_account_id", sa.Text, primary_key=True),
    sa.Column("source_name", sa.Text, nullable=False),
    sa.Column("account_id", sa.Integer),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("method", Slug, nullable=False),
    sa.Column("decision", Slug, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("candidates", JSON, nullable=False),
    sa.Column("facts", JSON, comment="Of a review: what the source says of the account."),
    sa.Column("loaded", sa.Boolean, nullable=False, comment="A load has used it: a known id from now on."),
    sa.Column("as_of", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    account_key(),
    one_of("decision", "match", "review", "none"),
    sa.Index(
        "ix_account_matches_review",
        "customer_id",
        "score",
        sqlite_where=sa.text("decision = 'review'"),
        postgresql_where=sa.text("decision = 'review'"),
    ),
    sa.Index(None, "customer_id", "account_id"),
)

match_decisions = sa.Table(
    "match_decisions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    customer_id_column(),
    sa.Column("source_account_id", sa.Text, nullable=False),
    sa.Column("source_name", sa.Text, nullable=False),
    sa.Column("decision", Slug, nullable=False),
    sa.Column("account_id", sa.Integer, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column(
        "same_name",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="An account that only ServiceNow knew: its incidents join the account's Salesforce record.",
    ),
    sa.Column(
        "replaced",
        JSON,
        comment="The match, its link and the decisions that undoing this one brings back. NULL: of a version "
        "that did not keep them.",
    ),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", UtcDateTime, nullable=False),
    sa.Column("undone_by", sa.Text),
    sa.Column("undone_at", UtcDateTime),
    account_key(),
    one_of("decision", "accept", "reject", "choose"),
    sa.Index(None, "customer_id", "source_account_id"),
)
