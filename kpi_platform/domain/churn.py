"""The factors of a computed churn risk: what each weighs and from where on it holds, unless the settings say
otherwise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChurnFactor:
    """A risk of an account, by its column in `account_churn_risk`. `holds` says in words when it does;
    `limits` are the least and the greatest limit that settings may name, None for none."""

    name: str
    display_name: str
    weight: int
    limit: int
    holds: str
    limits: tuple[int, int | None]


CHURN_FACTORS = (
    ChurnFactor("nps_risk", "NPS", 25, 10, "NPS is below this", (-100, 100)),
    ChurnFactor("csat_risk", "CSAT", 20, 3, "CSAT is below this", (1, 5)),
    ChurnFactor("inactivity_risk", "Inactivity", 15, 30, "nobody has logged in for so many days", (1, 3650)),
    ChurnFactor("support_volume_risk", "Support volume", 15, 10, "there are more tickets", (0, None)),
    ChurnFactor(
        "relationship_risk", "Relationship", 25, 0,
        "there are no more executive touches, where the CRM does not say how engaged executives are",
        (0, None),
    ),
)  # fmt: skip
"""In the order in which they are shown."""
