"""Who may call each route. A route without a decision here fails the isolation test.

`public`: anybody. `session`: any valid token. `read`, `write`: a customer's token with that scope, about its
own customer; an operator's about any. `operator`: operators. `admin`: operators with the scope admin.
"""

from typing import Literal

Decision = Literal["public", "session", "read", "write", "operator", "admin"]

DECISIONS: dict[tuple[str, str], Decision] = {
    ("POST", "/api/fivetran/sync"): "write",
    ("GET", "/api/fivetran/sync"): "read",
    ("GET", "/api/fivetran/sync/{request_id}"): "read",
    ("GET", "/api/fivetran/sync/{request_id}/events"): "read",
    ("POST", "/api/fivetran/test-connection"): "write",
    ("GET", "/api/fivetran/schedule"): "read",
    ("POST", "/api/fivetran/schedule"): "write",
    ("GET", "/api/fivetran/config"): "read",
    ("PUT", "/api/fivetran/config"): "write",
    ("GET", "/api/fivetran/config/history"): "read",
    ("GET", "/api/fivetran/config/history/{version}"): "read",
    ("POST", "/api/fivetran/config/restore/{version}"): "write",
    ("POST", "/api/fivetran/config/preview"): "write",
    ("GET", "/api/accounts"): "read",
    ("GET", "/api/accounts/{account_id}"): "read",
    ("GET", "/api/accounts/{account_id}/kpis"): "read",
    ("GET", "/api/accounts/{account_id}/history"): "read",
    ("GET", "/api/uploads"): "read",
    ("GET", "/api/uploads/{version}"): "read",
    ("POST", "/api/uploads/{version}/rollback"): "write",
    ("GET", "/api/uploads/{first}/diff/{second}"): "read",
    ("GET", "/api/matches"): "read",
    ("GET", "/api/matches/decisions"): "read",
    ("GET", "/api/matches/{source_account_id:path}"): "read",
    ("POST", "/api/matches/{source_account_id:path}"): "write",
    ("GET", "/api/customers"): "operator",
    ("POST", "/api/customers"): "admin",
    ("POST", "/api/customers/{key}/connections"): "admin",
    # Signed with a secret of its own, which test_operation.py tests.
    ("POST", "/api/webhooks/fivetran"): "public",
    ("GET", "/healthz"): "public",
    ("GET", "/readyz"): "public",
    ("GET", "/metrics"): "public",
    ("GET", "/openapi.json"): "public",
    ("GET", "/docs"): "public",
    ("GET", "/docs/start.js"): "public",
    ("GET", "/docs/{name}"): "public",
    ("GET", "/"): "read",
    ("GET", "/accounts.csv"): "read",
    ("GET", "/accounts/{account_id}"): "read",
    ("GET", "/sign-in"): "public",
    ("GET", "/static"): "public",
    ("GET", "/sign-in/link"): "public",
    ("POST", "/sign-in"): "public",
    ("POST", "/sign-out"): "session",
    ("POST", "/customer"): "operator",
}
