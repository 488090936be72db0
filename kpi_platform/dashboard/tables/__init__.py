"""The tables of the dashboard database. `migrations/` brings a database to exactly this.

Everything belongs to one customer, and keys start with the customer, so that reading one never touches the
others' pages. `accounts`, `account_health` and `kpis` hold what is current; beside each, an append-only
history table says which upload brought what. Times are UTC.

Import the tables from here.
"""

from kpi_platform.dashboard.tables.accounts import (
    CATEGORY_SCORES,
    CONTRIBUTIONS,
    EXTRA_METRICS,
    HEALTH_COLUMNS,
    SUPPORT_METRICS,
    account_health,
    account_health_history,
    account_history,
    accounts,
    health_weeks,
)
from kpi_platform.dashboard.tables.backtests import backtests
from kpi_platform.dashboard.tables.customers import (
    allowed_secrets,
    customer_settings_versions,
    customers,
    destination_places,
    settings_claims,
)
from kpi_platform.dashboard.tables.kpis import kpi_definitions, kpi_history, kpis, lost_values
from kpi_platform.dashboard.tables.matches import account_matches, match_decisions
from kpi_platform.dashboard.tables.operation import (
    account_counts,
    alerts,
    api_tokens,
    audit_events,
    check_results,
    deliveries,
    people,
    sessions,
)
from kpi_platform.dashboard.tables.past import past_weeks
from kpi_platform.dashboard.tables.peers import peer_groups
from kpi_platform.dashboard.tables.previews import previews
from kpi_platform.dashboard.tables.retention import revenue_retention
from kpi_platform.dashboard.tables.runs import orchestrator, run_customers, runs
from kpi_platform.dashboard.tables.schema import metadata
from kpi_platform.dashboard.tables.sync import (
    fivetran_account,
    fivetran_calls,
    fivetran_events,
    source_states,
    sync_requests,
)
from kpi_platform.dashboard.tables.uploads import kpi_uploads, load_holds

__all__ = [
    "CATEGORY_SCORES",
    "CONTRIBUTIONS",
    "EXTRA_METRICS",
    "HEALTH_COLUMNS",
    "SUPPORT_METRICS",
    "account_counts",
    "account_health",
    "account_health_history",
    "account_history",
    "account_matches",
    "accounts",
    "alerts",
    "allowed_secrets",
    "api_tokens",
    "audit_events",
    "backtests",
    "check_results",
    "customer_settings_versions",
    "customers",
    "deliveries",
    "destination_places",
    "fivetran_account",
    "fivetran_calls",
    "fivetran_events",
    "health_weeks",
    "kpi_definitions",
    "kpi_history",
    "kpi_uploads",
    "kpis",
    "load_holds",
    "lost_values",
    "match_decisions",
    "metadata",
    "orchestrator",
    "past_weeks",
    "peer_groups",
    "people",
    "previews",
    "revenue_retention",
    "run_customers",
    "runs",
    "sessions",
    "settings_claims",
    "source_states",
    "sync_requests",
]
