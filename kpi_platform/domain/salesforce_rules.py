"""Rules of a customer's settings for its Salesforce rows, in the form that dbt reads."""

from dataclasses import dataclass

from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.titles import title_pattern


@dataclass(frozen=True, slots=True)
class RecurringType:
    """An opportunity type that net revenue retention counts: a row of the dbt model int_recurring_type."""

    opportunity_type: str
    is_retained: bool


@dataclass(frozen=True, slots=True)
class TitleList:
    """Titles of executives: patterns of titles (None: no title has one)."""

    titles: str | None
    not_titles: str | None


def recurring_types(settings: CustomerSettings) -> tuple[RecurringType, ...]:
    """Returns the types that count, each once; one that is listed twice is retained if a list of it is."""
    is_retained: dict[str, bool] = {}
    for group, types in settings.kpi_mappings.net_revenue_retention.types.model_dump().items():
        for name in types:
            key = name.strip().lower()
            is_retained[key] = is_retained.get(key, False) or group != "new_business"
    return tuple(RecurringType(name, retained) for name, retained in is_retained.items())


def title_list(settings: CustomerSettings) -> TitleList:
    """Returns the titles by which executive engagement is measured."""
    mapping = settings.kpi_mappings.executive_engagement
    return TitleList(title_pattern(mapping.titles), title_pattern(mapping.not_titles))
