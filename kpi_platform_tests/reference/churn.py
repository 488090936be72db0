"""Churn risk: the CRM's own field, else the five factors."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from kpi_platform_tests.reference import measure
from kpi_platform_tests.reference.measure import Found, Measure
from kpi_platform_tests.reference.salesforce import Salesforce
from kpi_platform_tests.reference.tables import Row
from kpi_platform_tests.reference.values import DAY, choice, instant, number, unreadable

WEIGHTS = {
    "nps_risk": 25,
    "csat_risk": 20,
    "inactivity_risk": 15,
    "support_volume_risk": 15,
    "relationship_risk": 25,
}


@dataclass(frozen=True)
class Factors:
    """Whether each risk holds; None where it is unknown."""

    holds: Mapping[str, bool | None]

    @property
    def known(self) -> int:
        return sum(weight for name, weight in WEIGHTS.items() if self.holds[name] is not None)

    @property
    def held(self) -> int:
        return sum(weight for name, weight in WEIGHTS.items() if self.holds[name])

    def points(self) -> dict[str, int | None]:
        """ "weight or 0, NULL unknown" """
        return {
            name: None if self.holds[name] is None else weight * bool(self.holds[name])
            for name, weight in WEIGHTS.items()
        }


def factors(salesforce: Salesforce, row: Row | None, measures: Mapping[str, Measure]) -> Factors:
    """ "weights 25 (NPS < 10), 20 (CSAT < 3), 15 (no login within 30 d…), 15 (support_ticket_volume > 10), 25
    (executive engagement low…)"; "A disabled KPI is unknown in churn and health." """
    nps, csat, volume = (measures[kpi].value for kpi in ("nps", "csat", "support_ticket_volume"))
    return Factors(
        {
            "nps_risk": None if nps is None else nps < 10,
            "csat_risk": None if csat is None else csat < 3,
            "inactivity_risk": _inactive(salesforce, row),
            "support_volume_risk": None if volume is None else volume > 10,
            "relationship_risk": _disengaged(salesforce, row, measures["executive_engagement"].value),
        }
    )


def _inactive(salesforce: Salesforce, row: Row | None) -> bool | None:
    """ "`last_login_date < as_of − 30 d`"; "`last_login_date` at or after `as_of`: known, no risk." """
    login = None if row is None else instant(row[salesforce.field("last_login_date")])
    return None if login is None else login < salesforce.as_of - 30 * DAY


def _disengaged(salesforce: Salesforce, row: Row | None, touches: Fraction | None) -> bool | None:
    """ "the mapped field equals `Low`, else, where it is not mapped, executive_engagement = 0; a mapped
    field that is NULL makes the factor unknown" """
    column = salesforce.field("executive_engagement")
    account = salesforce.table("account")
    if account is not None and account.has(column):
        engagement = None if row is None else choice(row[column])
        return None if engagement is None else engagement == "low"
    return None if touches is None else touches == 0


def churn_risk(salesforce: Salesforce, row: Row | None, found: Factors) -> Found:
    """ "the account field mapped as `churn_risk` where it exists and is not NULL; else computed … `value =
    100 · Σ weight of risks that hold / Σ weight of factors that are known`; `no_data` when the known
    weights sum to less than 50." "Computed churn: held weights, known weights, number of known
    factors." """
    landed = None if row is None else row[salesforce.field("churn_risk")]
    own = number(landed)
    # "churn_risk itself is `unreadable` only where its mapped field cannot be read (it is then not computed)"
    if own is not None or unreadable(number, landed):
        return measure.field(own, unreadable=own is None)
    sample = sum(held is not None for held in found.holds.values())
    value = Fraction(100 * found.held, found.known) if found.known >= 50 else None
    return Found(value, Fraction(found.held), Fraction(found.known), sample)
