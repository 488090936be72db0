"""The factors of a customer's computed churn risk, in the form that dbt reads."""

from dataclasses import dataclass
from datetime import datetime

from kpi_platform.domain.batch_rows import before
from kpi_platform.domain.churn import CHURN_FACTORS
from kpi_platform.domain.settings import CustomerSettings


@dataclass(frozen=True, slots=True)
class ChurnRule:
    """A factor that counts: a row of the dbt model int_churn_rule. `since` is the instant so many days before
    as_of, of a factor whose limit is days."""

    factor: str
    weight: int
    factor_limit: float
    since: str | None


def churn_rules(settings: CustomerSettings, as_of: datetime) -> tuple[ChurnRule, ...]:
    """Returns the factors in force, in the order of the catalogue."""
    factors = settings.kpi_mappings.churn_risk.factors
    return tuple(
        ChurnRule(
            one.name,
            factors[one.name].weight,
            factors[one.name].limit,
            before(as_of, int(factors[one.name].limit)) if one.name == "inactivity_risk" else None,
        )
        for one in CHURN_FACTORS
    )
