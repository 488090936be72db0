"""The settings of the factors of a computed churn risk: each starts from its entry in the catalogue."""

from typing import Annotated, Any

from pydantic import Field, create_model

from kpi_platform.domain.churn import CHURN_FACTORS, ChurnFactor
from kpi_platform.domain.settings.section import Section, section, setting

Weight = Annotated[int, Field(ge=0, le=1000)]


class ChurnFactorSettings(Section, kind="meaning"):
    """Weight of a risk, and the limit from which on it holds."""

    weight: Weight
    limit: float


def _factor_type(factor: ChurnFactor) -> type[ChurnFactorSettings]:
    lowest, highest = factor.limits
    # A day is whole; what is counted or rated may have a mean.
    number: Any = int if factor.name == "inactivity_risk" else float
    allowed = f"{lowest} to {highest}" if highest is not None else f"{lowest} or more"
    weight = (
        f"Weight of {factor.display_name} in a computed churn risk, beside those of the other factors. 0: it "
        "does not count."
    )
    return create_model(
        f"ChurnFactor_{factor.name}",
        __base__=ChurnFactorSettings,
        weight=(Weight, setting(factor.weight, weight, allowed="0 to 1000")),
        limit=(
            Annotated[number, Field(ge=lowest, le=highest)],
            setting(number(factor.limit), f"The risk holds if {factor.holds}.", allowed=allowed),
        ),
    )


_TYPES = {factor.name: _factor_type(factor) for factor in CHURN_FACTORS}
_SECTIONS: dict[str, Any] = {
    factor.name: (_TYPES[factor.name], section(_TYPES[factor.name], f"{factor.display_name}."))
    for factor in CHURN_FACTORS
}
_Factors: Any = create_model("ChurnFactors", __base__=Section, **_SECTIONS)


class ChurnFactors(_Factors):  # type: ignore[misc]
    """The factors of a computed churn risk by name."""

    def __getitem__(self, name: str) -> ChurnFactorSettings:
        """The settings of a factor of the catalogue."""
        return getattr(self, name)  # type: ignore[no-any-return]
