"""Churn risk: the CRM's own field, else the five factors."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from kpi_platform_tests.reference import measure
from kpi_platform_tests.reference.ages import too_old
from kpi_platform_tests.reference.measure import Found, Measure
from kpi_platform_tests.reference.salesforce import Salesforce
from kpi_platform_tests.reference.servicenow import Support
from kpi_platform_tests.reference.tables import Row
from kpi_platform_tests.reference.values import DAY, choice, instant, number, unreadable

FACTORS: Mapping[str, tuple[int, int]] = {
    "nps_risk": (25, 10),
    "csat_risk": (20, 3),
    "inactivity_risk": (15, 30),
    "support_volume_risk": (15, 10),
    "relationship_risk": (25, 0),
}
"""Weight and limit of each."""
_SILENCE = {"silence_risk": (15, 2)}
"""One more, under `standard`: "the five keep theirs"."""


@dataclass(frozen=True)
class Factors:
    """Whether each risk holds, None where it is unknown, and what each weighs."""

    holds: Mapping[str, bool | None]
    weights: Mapping[str, Fraction]

    @property
    def known(self) -> Fraction:
        return sum(
            (weight for name, weight in self.weights.items() if self.holds[name] is not None), Fraction(0)
        )

    @property
    def held(self) -> Fraction:
        return sum((weight for name, weight in self.weights.items() if self.holds[name]), Fraction(0))

    @property
    def total(self) -> Fraction:
        return sum(self.weights.values(), Fraction(0))

    @property
    def coverage(self) -> Fraction:
        """ "`account_churn_risk.coverage` = known / that sum." """
        return self.known / self.total if self.total else Fraction(0)

    def points(self) -> dict[str, Fraction | None]:
        """ "weight or 0, NULL unknown"; "silence_risk is a column under both schemes, NULL and without weight
        under `classic`." """
        return dict.fromkeys(_SILENCE) | {
            name: None if self.holds[name] is None else weight * bool(self.holds[name])
            for name, weight in self.weights.items()
        }


def factors(
    salesforce: Salesforce, row: Row | None, measures: Mapping[str, Measure], support: Support
) -> Factors:
    """ "weights 25 (NPS < 10), 20 (CSAT < 3), 15 (no login within 30 d…), 15 (support_ticket_volume > 10), 25
    (executive engagement low…)"; "A disabled KPI is unknown in churn and health." """
    nps, csat, volume = (measures[kpi].value for kpi in ("nps", "csat", "support_ticket_volume"))
    by_standard = salesforce.rules.scheme == "standard"
    usual = {**FACTORS, **(_SILENCE if by_standard else {})}
    chosen = {name: salesforce.rules.churn_factor(name, *each) for name, each in usual.items()}
    limits = {name: limit for name, (_, limit) in chosen.items()}
    holds = {"silence_risk": _silent(support, limits["silence_risk"], volume)} if by_standard else {}
    return Factors(
        {
            **holds,
            "nps_risk": None if nps is None else nps < limits["nps_risk"],
            "csat_risk": None if csat is None else csat < limits["csat_risk"],
            "inactivity_risk": _inactive(salesforce, row, int(limits["inactivity_risk"])),
            "support_volume_risk": None
            if volume is None
            else volume > limits["support_volume_risk"]
            and (not by_standard or _too_many(salesforce, measures, support)),
            "relationship_risk": _disengaged(
                salesforce, row, measures["executive_engagement"].value, limits["relationship_risk"]
            ),
        },
        {name: weight for name, (weight, _) in chosen.items()},
    )


def _too_many(salesforce: Salesforce, measures: Mapping[str, Measure], support: Support) -> bool:
    """ "(rate > 5 where known, and n > 2 · the account's own mean per window of the 90 days before the
    window, where it had incidents then)"; "Own mean = incidents opened in [as_of−w−90 d, as_of−w) · w/90" """
    n, rate = (measures[kpi].value for kpi in ("support_ticket_volume", "support_ticket_rate"))
    assert n is not None
    window = salesforce.rules.window_days("support_ticket_volume")
    before, _ = support.opened(90, ago=window)
    own_mean = Fraction(len(before) * window, 90)
    return (rate is None or rate > 5) and (not before or n > 2 * own_mean)


def _silent(support: Support, limit: Fraction, volume: Fraction | None) -> bool | None:
    """ "holds when at least 2·5 = 10 counting incidents were opened in [as_of−210 d, as_of−60 d) and none in
    [as_of−60 d, as_of); 0 for every other account that support_ticket_volume is known for; unknown where it
    has no value. limit = incidents per 30 days" """
    if volume is None:
        return None
    (before, _), (since, _) = support.opened(150, ago=60), support.opened(60)
    return len(before) >= 5 * limit and not since


def _inactive(salesforce: Salesforce, row: Row | None, days: int) -> bool | None:
    """ "`last_login_date < as_of − 30 d`"; "`last_login_date` at or after `as_of`: known, no risk." """
    login = None if row is None else instant(row[salesforce.field("last_login_date")])
    return None if login is None else login < salesforce.as_of - days * DAY


def _disengaged(
    salesforce: Salesforce, row: Row | None, touches: Fraction | None, limit: Fraction
) -> bool | None:
    """ "the mapped field equals `Low`, else, where it is not mapped, executive_engagement = 0; a mapped
    field that is NULL makes the factor unknown" """
    column = salesforce.field("executive_engagement")
    account = salesforce.table("account")
    if account is not None and account.has(column):
        engagement = None if row is None else choice(row[column])
        return None if engagement is None else engagement == "low"
    return None if touches is None else touches <= limit


def churn_risk(salesforce: Salesforce, row: Row | None, found: Factors) -> Found:
    """ "the account field mapped as `churn_risk` where it exists and is not NULL; else computed … `value =
    100 · Σ weight of risks that hold / Σ weight of factors that are known`; `no_data` when the known
    weights sum to less than 50"; "less than half of the sum of all weights of factors in force". "Computed
    churn: held weights, known weights, number of known factors." """
    landed = None if row is None else row[salesforce.field("churn_risk")]
    own = number(landed)
    if own is not None and too_old(salesforce, row, "churn_risk"):
        # "It is too old, so the KPI is `no_data` (not computed from the factors)"
        return measure.field(None)
    # "churn_risk itself is `unreadable` only where its mapped field cannot be read (it is then not computed)"
    if own is not None or unreadable(number, landed):
        return measure.field(own, unreadable=own is None)
    sample = sum(held is not None for held in found.holds.values())
    is_enough = found.known > 0 and 2 * found.known >= found.total
    value = 100 * found.held / found.known if is_enough else None
    return Found(value, found.held, found.known, sample)
