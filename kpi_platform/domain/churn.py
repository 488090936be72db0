"""The factors of a computed churn risk: what each weighs and from where on it holds, unless the settings say
otherwise."""

from dataclasses import dataclass

from kpi_platform.domain.health import HealthScheme


@dataclass(frozen=True, slots=True)
class ChurnFactor:
    """A risk of an account, by its column in `account_churn_risk`. `holds` says in words when it does;
    `limits` are the least and the greatest limit that settings may name, None for none. `is_standard` factors
    count only under the scheme `standard` of the health score."""

    name: str
    display_name: str
    weight: int
    limit: int
    holds: str
    limits: tuple[int, int | None]
    is_standard: bool = False


CHURN_FACTORS = (
    ChurnFactor("nps_risk", "NPS", 25, 10, "NPS is below this", (-100, 100)),
    ChurnFactor("csat_risk", "CSAT", 20, 3, "CSAT is below this", (1, 5)),
    ChurnFactor("inactivity_risk", "Inactivity", 15, 30, "nobody has logged in for so many days", (1, 3650)),
    ChurnFactor(
        "support_volume_risk", "Support volume", 15, 10,
        "there are more tickets; under the scheme standard also more than 5 for 100 users and 30 days, and "
        "more than twice the account's own mean of the 90 days before, where these are known", (0, None),
    ),
    ChurnFactor(
        "relationship_risk", "Relationship", 25, 0,
        "there are no more executive touches, where the CRM does not say how engaged executives are",
        (0, None),
    ),
    ChurnFactor(
        "silence_risk", "Silence", 15, 2,
        "from 210 to 60 days ago there were at least so many tickets in 30 days, and none since; under the "
        "scheme standard only", (0, None), is_standard=True,
    ),
)  # fmt: skip
"""In the order in which they are shown."""


def factors_in_force(scheme: HealthScheme) -> tuple[ChurnFactor, ...]:
    """Returns the factors that count under a scheme of the health score (scorecards.md S4)."""
    return tuple(one for one in CHURN_FACTORS if scheme == "standard" or not one.is_standard)
