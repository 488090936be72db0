"""For every setting a second value that is allowed, and the document that makes it valid as a whole."""

from typing import Any

from kpi_platform.domain.settings import Leaf

_TEXTS = {
    "fivetran.timezone": "Europe/Berlin",
    "salesforce.api_version": "v61.0",
    "servicenow.table_prefix": "x_acme_",
    "warehouse.credentials_secret": "ACME_WAREHOUSE_PASSWORD",
    "revenue.currency": "EUR",
    "alerts.webhook_url_secret": "ACME_ALERT_URL",
    "alerts.slack_url_secret": "ACME_SLACK_URL",
    "alerts.teams_url_secret": "ACME_TEAMS_URL",
}
_NUMBERS: dict[str, Any] = {
    "account_matching.threshold": 0.9,
    "account_matching.review_threshold": 0.5,
    "health_score.weights.relationship": 0.2,
    "health_score.weights.adoption": 0.1,
    "health_score.weights.business_outcomes": 0.1,
    "health_score.weights.support": 0.2,
}
_ALSO: dict[str, dict[str, Any]] = {
    "account_matching.create_new_accounts": {"error_handling": {"on_missing_account": "skip"}},
    "health_score.weights.relationship": {"health_score": {"weights": {"support": 0.2}}},
    "health_score.weights.adoption": {"health_score": {"weights": {"support": 0.2}}},
    "health_score.weights.business_outcomes": {"health_score": {"weights": {"support": 0.2}}},
    "health_score.weights.support": {"health_score": {"weights": {"relationship": 0.2}}},
}


def second_value(leaf: Leaf) -> Any:
    """A value that is allowed and not the default."""
    if leaf.type == "boolean":
        return not leaf.default
    if leaf.choices:
        return next(choice for choice in leaf.choices if choice != leaf.default)
    if leaf.path.endswith((".thresholds.healthy", ".thresholds.at_risk")):
        return _threshold(leaf)
    if leaf.path in _NUMBERS:
        return _NUMBERS[leaf.path]
    if leaf.type == "number" and leaf.default:
        return leaf.default / 2
    if leaf.type in ("integer", "number"):
        return 7 if leaf.default != 7 else 8
    if leaf.path == "alerts.email_to":
        return ["ada@example.com"]
    if leaf.type == "list":
        return ["Something Else"]
    if leaf.path.endswith(".instance_url"):
        return "https://acme.example.com"
    return _TEXTS.get(leaf.path, f"another_{leaf.path.replace('.', '_')}")


def changed_by(path: str, value: Any) -> dict[str, Any]:
    """A document that is valid with `path` set to `value` and says nothing else that it need not."""
    document: dict[str, Any] = {}
    _merge(document, _ALSO.get(path, {}))
    *parents, key = path.split(".")
    part = document
    for parent in parents:
        part = part.setdefault(parent, {})
    part[key] = value
    return document


def _merge(document: dict[str, Any], other: dict[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict):
            _merge(document.setdefault(key, {}), value)
        else:
            document[key] = value


def _threshold(leaf: Leaf) -> float:
    """One that stays on its side of the other threshold."""
    better_when_high = "high is better" in leaf.allowed
    upwards = better_when_high == leaf.path.endswith("healthy")
    return float(leaf.default + (0.5 if upwards else -0.5))
