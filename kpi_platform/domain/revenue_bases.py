"""Ways of measuring revenue retention and growth, and their formulas by each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kpi_platform.domain.kpis import KPIS

DEFAULT_BASIS = "bookings"
REVENUE_KPIS = ("revenue_growth", "net_revenue_retention", "gross_revenue_retention")


@dataclass(frozen=True, slots=True)
class RevenueBasis:
    """`title` says it on pages. `formulas` is by KPI."""

    name: str
    title: str
    formulas: Mapping[str, str]


def _recurring(name: str, title: str, lines: str, one_offs: str) -> RevenueBasis:
    return RevenueBasis(
        name,
        title,
        MappingProxyType(
            {
                "revenue_growth": f"100 · (T1 − T0) / T0, recurring revenue by days{one_offs} of this window "
                "and of the one before",
                "net_revenue_retention": f"100 · ARR now / ARR at the start of the window, of {lines}",
                "gross_revenue_retention": f"{KPIS['gross_revenue_retention'].formula}, of {lines}",
            }
        ),
    )


_ALL = (
    RevenueBasis(
        "bookings", "won opportunities", MappingProxyType({kpi: KPIS[kpi].formula for kpi in REVENUE_KPIS})
    ),
    _recurring(
        "contract_terms", "terms of contracts", "the account's contract terms", " and one-off amounts won"
    ),
    _recurring("asset_periods", "periods of assets", "the periods of the account's assets", ""),
)

REVENUE_BASES: Mapping[str, RevenueBasis] = MappingProxyType({basis.name: basis for basis in _ALL})
"""By the name that the setting `revenue.basis` and the marts have for it."""
