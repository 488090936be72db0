"""Rules of a customer's settings for its Salesforce rows, in the form that dbt reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.titles import title_pattern

LineKind = Literal["new_business", "renewal", "expansion"]


@dataclass(frozen=True, slots=True)
class RecurringType:
    """An opportunity type of recurring revenue: a row of the dbt model int_recurring_type."""

    opportunity_type: str
    kind: LineKind


@dataclass(frozen=True, slots=True)
class TitleList:
    """Titles of executives: patterns of titles (None: no title has one)."""

    titles: str | None
    not_titles: str | None


def recurring_types(settings: CustomerSettings) -> tuple[RecurringType, ...]:
    """Returns the types that count, each once. Of several lists that one stands in, renewal wins, then
    expansion."""
    types = settings.kpi_mappings.net_revenue_retention.types
    kinds: dict[str, LineKind] = {}
    by_kind: tuple[tuple[LineKind, Sequence[str]], ...] = (
        ("new_business", types.new_business),
        ("expansion", types.expansion),
        ("renewal", types.renewal),
    )
    for kind, names in by_kind:
        kinds |= {name.strip().lower(): kind for name in names}
    return tuple(RecurringType(name, kind) for name, kind in kinds.items())


def one_off_families(settings: CustomerSettings) -> tuple[str, ...]:
    """Returns the product families that are no recurring revenue: trimmed, in small letters, each once."""
    return tuple(sorted({name.strip().lower() for name in settings.revenue.one_off_product_families} - {""}))


def title_list(settings: CustomerSettings) -> TitleList:
    """Returns the titles by which executive engagement is measured."""
    mapping = settings.kpi_mappings.executive_engagement
    return TitleList(title_pattern(mapping.titles), title_pattern(mapping.not_titles))
