"""The tables of the dashboard database. `migrations/` brings a database to exactly this.

Everything belongs to one customer, and keys start with the customer, so that reading one never touches the
others' pages. `accounts`, `account_health` and `kpis` hold what is current; beside each, an append-only
history table says which upload brought what. Times are UTC.
"""

from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime
from kpi_platform.domain.kpis import KpiStatus

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, *allowed: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        sa.column(column, sa.String).in_([str(value) for value in allowed]), name=column
    )


def _customer(**options: Any) -> sa.Column[int]:
    return sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id"), nullable=False, **options)


def _account_key() -> sa.ForeignKeyConstraint:
    """Also says that the account is the same customer's."""
    return sa.ForeignKeyConstraint(["customer_id", "account_id"], ["accounts.customer_id", "accounts.id"])


def _upload_key() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id", "upload_version"], ["kpi_uploads.customer_id", "kpi_uploads.version"]
    )


customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", Slug, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("removed_at", UtcDateTime),
)

customer_settings_versions = sa.Table(
    "customer_settings_versions",
    metadata,
    _customer(primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", JSON, nullable=False),
    sa.Column("saved_by", sa.Text, nullable=False),
    sa.Column("saved_at", UtcDateTime, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("changes", JSON, nullable=False),
)

settings_claims = sa.Table(
    "settings_claims",
    metadata,
    sa.Column("kind", Slug, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    _customer(),
    _one_of("kind", "connection", "schema"),
    sa.Index(None, "customer_id"),
    comment="Connections and raw schemas that a customer's current settings name; each belongs to one.",
)

kpi_uploads = sa.Table(
    "kpi_uploads",
    metadata,
    _customer(primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", Slug, nullable=False),
    sa.Column("status", Slug, nullable=False),
    sa.Column("as_of", UtcDateTime, nullable=False),
    sa.Column(
        "current_as_of", JSON, nullable=False, comment="Source: as_of of its newest load, after this one."
    ),
    sa.Column("update_mode", Slug, nullable=False),
    sa.Column("data_source", Slug, nullable=False),
    sa.Column("settings_version", sa.Integer),
    sa.Column("run_id", sa.Text),
    sa.Column("uploaded_by", sa.Text, nullable=False),
    sa.Column(
        "took_back", sa.Integer, comment="Roll-backs: the first upload taken back; all after it are too."
    ),
    sa.Column("kpis_inserted", sa.Integer, nullable=False),
    sa.Column("kpis_updated", sa.Integer, nullable=False),
    sa.Column("kpis_unchanged", sa.Integer, nullable=False),
    sa.Column("kpis_retired", sa.Integer, nullable=False),
    sa.Column("kpis_history_only", sa.Integer, nullable=False),
    sa.Column("kpis_skipped", sa.Integer, nullable=False),
    sa.Column("accounts_created", sa.Integer, nullable=False),
    sa.Column("accounts_updated", sa.Integer, nullable=False),
    sa.Column("accounts_retired", sa.Integer, nullable=False),
    sa.Column("accounts_skipped", sa.Integer, nullable=False),
    sa.Column("sent_to_review", sa.Integer, nullable=False),
    sa.Column("notes", JSON, nullable=False, comment="What was skipped and why: the first hundred."),
    sa.Column(
        "fingerprint", sa.Text, comment="Of what was loaded, without as_of; equal means nothing to do."
    ),
    sa.Column("profile", JSON, comment="What came in, in figures: what the next load is compared with."),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime, nullable=False),
    _one_of("kind", "load", "rollback", "baseline"),
    _one_of("status", "applied", "taken_back"),
    _one_of("update_mode", "upsert", "replace"),
    _one_of("data_source", "salesforce", "servicenow", "combined"),
)

_ACCOUNT_STATE = (
    ("name", sa.Text),
    ("external_id", sa.Text),
    ("website", sa.Text),
    ("industry", sa.Text),
    ("region", sa.Text),
    ("revenue", sa.Float),
    ("csm_name", sa.Text),
    ("csm_email", sa.Text),
    ("retired_at", UtcDateTime),
)

CATEGORY_SCORES = ("relationship_score", "adoption_score", "business_outcomes_score", "support_score")
CONTRIBUTIONS = tuple(
    f"{component}_contribution"
    for component in (
        "nps",
        "csat",
        "executive_engagement",
        "adoption_index",
        "activation",
        "feature_usage",
        "revenue_growth",
        "net_revenue_retention",
        "churn_risk",
        "sla_compliance",
        "support_satisfaction",
        "first_response_time",
        "resolution_time",
    )
)
EXTRA_METRICS = (
    "escalation_rate",
    "ticket_reopen_rate",
    "critical_issues_count",
    "resolution_time_median_hours",
    "resolution_time_p90_hours",
)
HEALTH_COLUMNS = (
    "health_score",
    "coverage",
    "crm_health_score",
    *CATEGORY_SCORES,
    *CONTRIBUTIONS,
    *EXTRA_METRICS,
)
"""In the order of `account_health`; all double precision."""

_HEALTH_STATE = (
    *((name, sa.Float) for name in HEALTH_COLUMNS),
    ("as_of", UtcDateTime),
    ("retired_at", UtcDateTime),
)

_KPI_STATE = (
    ("value", sa.Float),
    ("numerator", sa.Float),
    ("denominator", sa.Float),
    ("sample_size", sa.BigInteger),
    ("window_start", UtcDateTime),
    ("window_end", UtcDateTime),
    ("status", Slug),
    ("as_of", UtcDateTime),
    ("retired_at", UtcDateTime),
)
_REQUIRED = {"name", "status", "as_of"}


def _state(columns: tuple[tuple[str, Any], ...]) -> list[sa.Column[Any]]:
    return [sa.Column(name, type_, nullable=name not in _REQUIRED) for name, type_ in columns]


def _history(
    name: str, key: list[sa.Column[Any]], state: tuple[tuple[str, Any], ...], *constraints: sa.Constraint
) -> sa.Table:
    """Rows of an upload lie together, in key order: appending is cheap, and so is reading an upload back. One
    account's history is one short probe for each upload."""
    return sa.Table(
        name,
        metadata,
        sa.Column("customer_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("upload_version", sa.Integer, primary_key=True, autoincrement=False),
        *key,
        *_state(state),
        sa.Column("change", Slug, nullable=False),
        sa.Column(
            "brought_by", sa.Integer, nullable=False, comment="The upload that first brought this state."
        ),
        _one_of(
            "change", "baseline", "inserted", "updated", "retired", "restored", "removed", "history_only"
        ),
        *constraints,
    )


def _key(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, primary_key=True, autoincrement=False)


accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _customer(),
    *_state(_ACCOUNT_STATE),
    sa.Column("upload_version", sa.Integer, comment="The upload that brought this; NULL where none did."),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("customer_id", "id"),
    sa.Index(None, "customer_id", "external_id", unique=True),
    sa.Index(None, "customer_id", "name"),
)
account_history = _history("account_history", [_key("account_id", sa.Integer)], _ACCOUNT_STATE, _upload_key())

account_health = sa.Table(
    "account_health",
    metadata,
    _key("customer_id", sa.Integer),
    _key("account_id", sa.Integer),
    *_state(_HEALTH_STATE),
    sa.Column("upload_version", sa.Integer, nullable=False),
    _account_key(),
    sa.Index(None, "customer_id", "health_score"),
)
account_health_history = _history(
    "account_health_history", [_key("account_id", sa.Integer)], _HEALTH_STATE, _upload_key()
)

kpi_definitions = sa.Table(
    "kpi_definitions",
    metadata,
    _customer(primary_key=True),
    _key("kpi", Slug),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("impact", sa.Text, nullable=False),
    sa.Column("frequency", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("direction", Slug, nullable=False),
    sa.Column("source", Slug, nullable=False),
    sa.Column("window_days", sa.Integer),
    sa.Column("healthy", sa.Float),
    sa.Column("at_risk", sa.Float),
    sa.Column("formula", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    _one_of("direction", "high", "low"),
    comment="What a KPI's values mean for this customer, by its settings at the newest load.",
)

kpis = sa.Table(
    "kpis",
    metadata,
    _key("customer_id", sa.Integer),
    _key("account_id", sa.Integer),
    _key("kpi", Slug),
    *_state(_KPI_STATE),
    sa.Column("upload_version", sa.Integer, nullable=False, comment="The upload that brought this value."),
    _account_key(),
    _one_of("status", *KpiStatus),
    sa.CheckConstraint("(value IS NULL) = (status NOT IN ('ok', 'stale'))", name="value_has_status"),
)
# No foreign key: its rows are copied from `kpis` in the transaction that writes their upload, and a check of
# each would make the load of a million values half as slow again (docs/decisions/0004).
kpi_history = _history("kpi_history", [_key("account_id", sa.Integer), _key("kpi", Slug)], _KPI_STATE)

account_matches = sa.Table(
    "account_matches",
    metadata,
    _customer(primary_key=True),
    sa.Column("source_account_id", sa.Text, primary_key=True),
    sa.Column("source_name", sa.Text, nullable=False),
    sa.Column("account_id", sa.Integer),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("method", Slug, nullable=False),
    sa.Column("decision", Slug, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("candidates", JSON, nullable=False),
    sa.Column("loaded", sa.Boolean, nullable=False, comment="A load has used it: a known id from now on."),
    sa.Column("as_of", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    _account_key(),
    _one_of("decision", "match", "review", "none"),
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
    _customer(),
    sa.Column("source_account_id", sa.Text, nullable=False),
    sa.Column("source_name", sa.Text, nullable=False),
    sa.Column("decision", Slug, nullable=False),
    sa.Column("account_id", sa.Integer, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", UtcDateTime, nullable=False),
    sa.Column("undone_by", sa.Text),
    sa.Column("undone_at", UtcDateTime),
    _account_key(),
    _one_of("decision", "accept", "reject", "choose"),
    sa.Index(None, "customer_id", "source_account_id"),
)

source_states = sa.Table(
    "source_states",
    metadata,
    _customer(primary_key=True),
    _key("source", Slug),
    sa.Column("connection_id", sa.Text),
    sa.Column("last_succeeded_at", UtcDateTime),
    sa.Column("last_failed_at", UtcDateTime),
    sa.Column("last_attempt_at", UtcDateTime),
    sa.Column("sync_state", Slug),
    sa.Column("detail", JSON, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    _one_of("source", "salesforce", "servicenow"),
)

sync_requests = sa.Table(
    "sync_requests",
    metadata,
    _key("id", Slug),
    _customer(),
    sa.Column("data_source", Slug, nullable=False),
    sa.Column("sync_config", JSON, nullable=False),
    sa.Column("dry_run", sa.Boolean, nullable=False),
    sa.Column("state", Slug, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("progress", JSON, nullable=False),
    sa.Column("results", JSON, nullable=False),
    sa.Column("run_ids", JSON, nullable=False),
    _one_of("data_source", "salesforce", "servicenow", "combined"),
    _one_of("state", "queued", "syncing", "transforming", "matching", "loading", "done", "failed"),
    sa.Index(None, "customer_id", "requested_at"),
    sa.Index(None, "customer_id", "idempotency_key", unique=True),
    sa.Index(
        "uq_sync_requests_queued",
        "customer_id",
        "data_source",
        unique=True,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index(None, "state"),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("token_hash", Slug, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id"), comment="NULL: the operator's."),
    sa.Column("scope", Slug, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("last_used_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    _one_of("scope", "read", "write", "admin"),
)

fivetran_events = sa.Table(
    "fivetran_events",
    metadata,
    _key("sync_id", Slug),
    _key("event", Slug),
    sa.Column("connection_id", sa.Text, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Index(None, "received_at"),
    comment="Webhooks that have arrived: one is taken once, and hastens the look at Fivetran.",
)

alerts = sa.Table(
    "alerts",
    metadata,
    _customer(primary_key=True),
    _key("kind", Slug),
    _key("subject", Slug),
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

check_results = sa.Table(
    "check_results",
    metadata,
    _customer(primary_key=True),
    _key("suite", Slug),
    sa.Column("checked_at", UtcDateTime, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("passed", sa.Integer, nullable=False),
    sa.Column("findings", JSON, nullable=False),
    comment="The newest outcome of each suite of checks: how many passed, and what the others found.",
)

load_holds = sa.Table(
    "load_holds",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _customer(),
    sa.Column("as_of", UtcDateTime, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("reasons", JSON, nullable=False),
    sa.Column("profile", JSON, nullable=False),
    sa.Column("held_at", UtcDateTime, nullable=False),
    sa.Column("released_at", UtcDateTime),
    sa.Column("released_by", sa.Text),
    sa.Column("ended_at", UtcDateTime),
    sa.Index(
        "uq_load_holds_open",
        "customer_id",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
    comment="Loads that would have done harm: at most one of a customer waits for somebody's decision.",
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
