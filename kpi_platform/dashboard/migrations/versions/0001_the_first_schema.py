# Long: a migration is never changed.
"""The first schema."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", Slug, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("key", name=op.f("uq_customers_key")),
    )
    op.create_table(
        "kpi_history",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upload_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kpi", Slug, autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("numerator", sa.Float(), nullable=True),
        sa.Column("denominator", sa.Float(), nullable=True),
        sa.Column("sample_size", sa.BigInteger(), nullable=True),
        sa.Column("window_start", UtcDateTime(), nullable=True),
        sa.Column("window_end", UtcDateTime(), nullable=True),
        sa.Column("status", Slug, nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("change", Slug, nullable=False),
        sa.Column(
            "brought_by", sa.Integer(), nullable=False, comment="The upload that first brought this state."
        ),
        sa.CheckConstraint(
            "change IN ('baseline', 'inserted', 'updated', 'retired', 'restored', 'removed', 'history_only')",
            name=op.f("ck_kpi_history_change"),
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "upload_version", "account_id", "kpi", name=op.f("pk_kpi_history")
        ),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("revenue", sa.Float(), nullable=True),
        sa.Column("csm_name", sa.Text(), nullable=True),
        sa.Column("csm_email", sa.Text(), nullable=True),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column(
            "upload_version",
            sa.Integer(),
            nullable=True,
            comment="The upload that brought this; NULL where none did.",
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_accounts_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("customer_id", "id", name=op.f("uq_accounts_customer_id_id")),
    )
    op.create_index(
        op.f("ix_accounts_customer_id_external_id"), "accounts", ["customer_id", "external_id"], unique=True
    )
    op.create_index(op.f("ix_accounts_customer_id_name"), "accounts", ["customer_id", "name"], unique=False)

    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", Slug, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True, comment="NULL: the operator's."),
        sa.Column("scope", Slug, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'write', 'admin')", name=op.f("ck_api_tokens_scope")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_api_tokens_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", Slug, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_audit_events_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(
        op.f("ix_audit_events_customer_id_at"), "audit_events", ["customer_id", "at"], unique=False
    )

    op.create_table(
        "customer_settings_versions",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_settings_versions_customers")
        ),
        sa.PrimaryKeyConstraint("customer_id", "version", name=op.f("pk_customer_settings_versions")),
    )
    op.create_table(
        "kpi_definitions",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kpi", Slug, autoincrement=False, nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("impact", sa.Text(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("direction", Slug, nullable=False),
        sa.Column("source", Slug, nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=True),
        sa.Column("healthy", sa.Float(), nullable=True),
        sa.Column("at_risk", sa.Float(), nullable=True),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("direction IN ('high', 'low')", name=op.f("ck_kpi_definitions_direction")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_kpi_definitions_customers")),
        sa.PrimaryKeyConstraint("customer_id", "kpi", name=op.f("pk_kpi_definitions")),
        comment="What a KPI's values mean for this customer, by its settings at the newest load.",
    )
    op.create_table(
        "kpi_uploads",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", Slug, nullable=False),
        sa.Column("status", Slug, nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column(
            "current_as_of", JSON, nullable=False, comment="Source: as_of of its newest load, after this one."
        ),
        sa.Column("update_mode", Slug, nullable=False),
        sa.Column("data_source", Slug, nullable=False),
        sa.Column("settings_version", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column(
            "took_back",
            sa.Integer(),
            nullable=True,
            comment="Roll-backs: the first upload taken back; all after it are too.",
        ),
        sa.Column("kpis_inserted", sa.Integer(), nullable=False),
        sa.Column("kpis_updated", sa.Integer(), nullable=False),
        sa.Column("kpis_unchanged", sa.Integer(), nullable=False),
        sa.Column("kpis_retired", sa.Integer(), nullable=False),
        sa.Column("kpis_history_only", sa.Integer(), nullable=False),
        sa.Column("kpis_skipped", sa.Integer(), nullable=False),
        sa.Column("accounts_created", sa.Integer(), nullable=False),
        sa.Column("accounts_updated", sa.Integer(), nullable=False),
        sa.Column("accounts_retired", sa.Integer(), nullable=False),
        sa.Column("accounts_skipped", sa.Integer(), nullable=False),
        sa.Column("sent_to_review", sa.Integer(), nullable=False),
        sa.Column("notes", JSON, nullable=False, comment="What was skipped and why: the first hundred."),
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=True,
            comment="Of what was loaded, without as_of; equal means nothing to do.",
        ),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "data_source IN ('salesforce', 'servicenow', 'combined')", name=op.f("ck_kpi_uploads_data_source")
        ),
        sa.CheckConstraint("kind IN ('load', 'rollback', 'baseline')", name=op.f("ck_kpi_uploads_kind")),
        sa.CheckConstraint("status IN ('applied', 'taken_back')", name=op.f("ck_kpi_uploads_status")),
        sa.CheckConstraint("update_mode IN ('upsert', 'replace')", name=op.f("ck_kpi_uploads_update_mode")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_kpi_uploads_customers")),
        sa.PrimaryKeyConstraint("customer_id", "version", name=op.f("pk_kpi_uploads")),
    )
    op.create_table(
        "settings_claims",
        sa.Column("kind", Slug, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('connection', 'schema')", name=op.f("ck_settings_claims_kind")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_settings_claims_customers")),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_settings_claims")),
        comment="Connections and raw schemas that a customer's current settings name; each belongs to one.",
    )
    op.create_index(op.f("ix_settings_claims_customer_id"), "settings_claims", ["customer_id"], unique=False)

    op.create_table(
        "source_states",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("source", Slug, autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=True),
        sa.Column("last_succeeded_at", UtcDateTime(), nullable=True),
        sa.Column("last_failed_at", UtcDateTime(), nullable=True),
        sa.Column("last_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("sync_state", Slug, nullable=True),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("source IN ('salesforce', 'servicenow')", name=op.f("ck_source_states_source")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_source_states_customers")),
        sa.PrimaryKeyConstraint("customer_id", "source", name=op.f("pk_source_states")),
    )
    op.create_table(
        "sync_requests",
        sa.Column("id", Slug, autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("data_source", Slug, nullable=False),
        sa.Column("sync_config", JSON, nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", Slug, nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("progress", JSON, nullable=False),
        sa.Column("results", JSON, nullable=False),
        sa.Column("run_ids", JSON, nullable=False),
        sa.CheckConstraint(
            "data_source IN ('salesforce', 'servicenow', 'combined')",
            name=op.f("ck_sync_requests_data_source"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'syncing', 'transforming', 'matching', 'loading', 'done', 'failed')",
            name=op.f("ck_sync_requests_state"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_sync_requests_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_requests")),
    )
    op.create_index(
        op.f("ix_sync_requests_customer_id_idempotency_key"),
        "sync_requests",
        ["customer_id", "idempotency_key"],
        unique=True,
    )
    op.create_index(
        op.f("ix_sync_requests_customer_id_requested_at"),
        "sync_requests",
        ["customer_id", "requested_at"],
        unique=False,
    )
    op.create_index(op.f("ix_sync_requests_state"), "sync_requests", ["state"], unique=False)
    op.create_index(
        "uq_sync_requests_queued",
        "sync_requests",
        ["customer_id", "data_source"],
        unique=True,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )

    op.create_table(
        "account_health",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("health_score", sa.Float(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=True),
        sa.Column("crm_health_score", sa.Float(), nullable=True),
        sa.Column("relationship_score", sa.Float(), nullable=True),
        sa.Column("adoption_score", sa.Float(), nullable=True),
        sa.Column("business_outcomes_score", sa.Float(), nullable=True),
        sa.Column("support_score", sa.Float(), nullable=True),
        sa.Column("nps_contribution", sa.Float(), nullable=True),
        sa.Column("csat_contribution", sa.Float(), nullable=True),
        sa.Column("executive_engagement_contribution", sa.Float(), nullable=True),
        sa.Column("adoption_index_contribution", sa.Float(), nullable=True),
        sa.Column("activation_contribution", sa.Float(), nullable=True),
        sa.Column("feature_usage_contribution", sa.Float(), nullable=True),
        sa.Column("revenue_growth_contribution", sa.Float(), nullable=True),
        sa.Column("net_revenue_retention_contribution", sa.Float(), nullable=True),
        sa.Column("churn_risk_contribution", sa.Float(), nullable=True),
        sa.Column("sla_compliance_contribution", sa.Float(), nullable=True),
        sa.Column("support_satisfaction_contribution", sa.Float(), nullable=True),
        sa.Column("first_response_time_contribution", sa.Float(), nullable=True),
        sa.Column("resolution_time_contribution", sa.Float(), nullable=True),
        sa.Column("escalation_rate", sa.Float(), nullable=True),
        sa.Column("ticket_reopen_rate", sa.Float(), nullable=True),
        sa.Column("critical_issues_count", sa.Float(), nullable=True),
        sa.Column("resolution_time_median_hours", sa.Float(), nullable=True),
        sa.Column("resolution_time_p90_hours", sa.Float(), nullable=True),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("upload_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id"],
            ["accounts.customer_id", "accounts.id"],
            name=op.f("fk_account_health_accounts"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "account_id", name=op.f("pk_account_health")),
    )
    op.create_index(
        op.f("ix_account_health_customer_id_health_score"),
        "account_health",
        ["customer_id", "health_score"],
        unique=False,
    )

    op.create_table(
        "account_health_history",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upload_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("health_score", sa.Float(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=True),
        sa.Column("crm_health_score", sa.Float(), nullable=True),
        sa.Column("relationship_score", sa.Float(), nullable=True),
        sa.Column("adoption_score", sa.Float(), nullable=True),
        sa.Column("business_outcomes_score", sa.Float(), nullable=True),
        sa.Column("support_score", sa.Float(), nullable=True),
        sa.Column("nps_contribution", sa.Float(), nullable=True),
        sa.Column("csat_contribution", sa.Float(), nullable=True),
        sa.Column("executive_engagement_contribution", sa.Float(), nullable=True),
        sa.Column("adoption_index_contribution", sa.Float(), nullable=True),
        sa.Column("activation_contribution", sa.Float(), nullable=True),
        sa.Column("feature_usage_contribution", sa.Float(), nullable=True),
        sa.Column("revenue_growth_contribution", sa.Float(), nullable=True),
        sa.Column("net_revenue_retention_contribution", sa.Float(), nullable=True),
        sa.Column("churn_risk_contribution", sa.Float(), nullable=True),
        sa.Column("sla_compliance_contribution", sa.Float(), nullable=True),
        sa.Column("support_satisfaction_contribution", sa.Float(), nullable=True),
        sa.Column("first_response_time_contribution", sa.Float(), nullable=True),
        sa.Column("resolution_time_contribution", sa.Float(), nullable=True),
        sa.Column("escalation_rate", sa.Float(), nullable=True),
        sa.Column("ticket_reopen_rate", sa.Float(), nullable=True),
        sa.Column("critical_issues_count", sa.Float(), nullable=True),
        sa.Column("resolution_time_median_hours", sa.Float(), nullable=True),
        sa.Column("resolution_time_p90_hours", sa.Float(), nullable=True),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("change", Slug, nullable=False),
        sa.Column(
            "brought_by", sa.Integer(), nullable=False, comment="The upload that first brought this state."
        ),
        sa.CheckConstraint(
            "change IN ('baseline', 'inserted', 'updated', 'retired', 'restored', 'removed', 'history_only')",
            name=op.f("ck_account_health_history_change"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "upload_version"],
            ["kpi_uploads.customer_id", "kpi_uploads.version"],
            name=op.f("fk_account_health_history_kpi_uploads"),
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "upload_version", "account_id", name=op.f("pk_account_health_history")
        ),
    )
    op.create_table(
        "account_history",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upload_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("revenue", sa.Float(), nullable=True),
        sa.Column("csm_name", sa.Text(), nullable=True),
        sa.Column("csm_email", sa.Text(), nullable=True),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("change", Slug, nullable=False),
        sa.Column(
            "brought_by", sa.Integer(), nullable=False, comment="The upload that first brought this state."
        ),
        sa.CheckConstraint(
            "change IN ('baseline', 'inserted', 'updated', 'retired', 'restored', 'removed', 'history_only')",
            name=op.f("ck_account_history_change"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "upload_version"],
            ["kpi_uploads.customer_id", "kpi_uploads.version"],
            name=op.f("fk_account_history_kpi_uploads"),
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "upload_version", "account_id", name=op.f("pk_account_history")
        ),
    )
    op.create_table(
        "account_matches",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("source_account_id", sa.Text(), nullable=False),
        sa.Column("source_name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("method", Slug, nullable=False),
        sa.Column("decision", Slug, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("candidates", JSON, nullable=False),
        sa.Column(
            "loaded", sa.Boolean(), nullable=False, comment="A load has used it: a known id from now on."
        ),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "decision IN ('match', 'review', 'none')", name=op.f("ck_account_matches_decision")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id"],
            ["accounts.customer_id", "accounts.id"],
            name=op.f("fk_account_matches_accounts"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_account_matches_customers")),
        sa.PrimaryKeyConstraint("customer_id", "source_account_id", name=op.f("pk_account_matches")),
    )
    op.create_index(
        op.f("ix_account_matches_customer_id_account_id"),
        "account_matches",
        ["customer_id", "account_id"],
        unique=False,
    )
    op.create_index(
        "ix_account_matches_review",
        "account_matches",
        ["customer_id", "score"],
        unique=False,
        sqlite_where=sa.text("decision = 'review'"),
        postgresql_where=sa.text("decision = 'review'"),
    )

    op.create_table(
        "kpis",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kpi", Slug, autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("numerator", sa.Float(), nullable=True),
        sa.Column("denominator", sa.Float(), nullable=True),
        sa.Column("sample_size", sa.BigInteger(), nullable=True),
        sa.Column("window_start", UtcDateTime(), nullable=True),
        sa.Column("window_end", UtcDateTime(), nullable=True),
        sa.Column("status", Slug, nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column(
            "upload_version", sa.Integer(), nullable=False, comment="The upload that brought this value."
        ),
        sa.CheckConstraint(
            "(value IS NULL) = (status NOT IN ('ok', 'stale'))", name=op.f("ck_kpis_value_has_status")
        ),
        sa.CheckConstraint(
            "status IN ('ok', 'stale', 'out_of_range', 'no_data', 'not_mapped', 'not_synced', 'disabled')",
            name=op.f("ck_kpis_status"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id"],
            ["accounts.customer_id", "accounts.id"],
            name=op.f("fk_kpis_accounts"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "account_id", "kpi", name=op.f("pk_kpis")),
    )
    op.create_table(
        "match_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("source_account_id", sa.Text(), nullable=False),
        sa.Column("source_name", sa.Text(), nullable=False),
        sa.Column("decision", Slug, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "decision IN ('accept', 'reject', 'choose')", name=op.f("ck_match_decisions_decision")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id"],
            ["accounts.customer_id", "accounts.id"],
            name=op.f("fk_match_decisions_accounts"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_match_decisions_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_decisions")),
    )
    op.create_index(
        op.f("ix_match_decisions_customer_id_source_account_id"),
        "match_decisions",
        ["customer_id", "source_account_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_match_decisions_customer_id_source_account_id"), table_name="match_decisions")

    op.drop_table("match_decisions")
    op.drop_table("kpis")
    op.drop_index(
        "ix_account_matches_review",
        table_name="account_matches",
        sqlite_where=sa.text("decision = 'review'"),
        postgresql_where=sa.text("decision = 'review'"),
    )
    op.drop_index(op.f("ix_account_matches_customer_id_account_id"), table_name="account_matches")

    op.drop_table("account_matches")
    op.drop_table("account_history")
    op.drop_table("account_health_history")
    op.drop_index(op.f("ix_account_health_customer_id_health_score"), table_name="account_health")

    op.drop_table("account_health")
    op.drop_index(
        "uq_sync_requests_queued",
        table_name="sync_requests",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_index(op.f("ix_sync_requests_state"), table_name="sync_requests")
    op.drop_index(op.f("ix_sync_requests_customer_id_requested_at"), table_name="sync_requests")
    op.drop_index(op.f("ix_sync_requests_customer_id_idempotency_key"), table_name="sync_requests")

    op.drop_table("sync_requests")
    op.drop_table("source_states")
    op.drop_index(op.f("ix_settings_claims_customer_id"), table_name="settings_claims")

    op.drop_table("settings_claims")
    op.drop_table("kpi_uploads")
    op.drop_table("kpi_definitions")
    op.drop_table("customer_settings_versions")
    op.drop_index(op.f("ix_audit_events_customer_id_at"), table_name="audit_events")

    op.drop_table("audit_events")
    op.drop_table("api_tokens")
    op.drop_index(op.f("ix_accounts_customer_id_name"), table_name="accounts")
    op.drop_index(op.f("ix_accounts_customer_id_external_id"), table_name="accounts")

    op.drop_table("accounts")
    op.drop_table("kpi_history")
    op.drop_table("customers")
