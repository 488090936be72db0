"""The factors of a customer's computed churn risk, in the form that dbt reads."""

from dataclasses import dataclass
from datetime import datetime

from kpi_platform.domain.batch_rows import before
from kpi_platform.domain.churn import factors_in_force
from kpi_platform.domain.settings import CustomerSettings


@dataclass(frozen=True, slots=True)
class ChurnRule:
    """A factor that counts: a row of the dbt model int_churn_rule. `since` is the instant so many days before
    as_of, of a factor whose limit is days. `window_days` are those of the tickets that are compared with the
    account's own mean; None if they are not (scorecards.md S14)."""

    factor: str
    weight: int
    factor_limit: float
    since: str | None
    window_days: int | None


def churn_rules(settings: CustomerSettings, as_of: datetime) -> tuple[ChurnRule, ...]:
    """Returns the factors in force, in the order of the catalogue."""
    factors = settings.kpi_mappings.churn_risk.factors
    scheme = settings.health_score.scheme
    return tuple(
        ChurnRule(
            one.name,
            factors[one.name].weight,
            factors[one.name].limit,
            before(as_of, int(factors[one.name].limit)) if one.name == "inactivity_risk" else None,
            settings.kpi_mappings.support_ticket_volume.window_days
            if one.name == "support_volume_risk" and scheme == "standard"
            else None,
        )
        for one in factors_in_force(scheme)
    )
