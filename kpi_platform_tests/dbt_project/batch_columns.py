"""The columns of the dbt models that hold what a batch says of its customers (domain/batch_rows.py)."""

from collections.abc import Mapping
from typing import get_type_hints

from kpi_platform.domain.batch_rows import Column, CustomerFacts, KpiSetting, Member


def _columns_of(*parts: type) -> dict[str, Column]:
    """The columns of the model whose rows have these parts, by name."""
    return {
        name: mark
        for part in parts
        for name, hint in get_type_hints(part, include_extras=True).items()
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, Column)
    }


CUSTOMER_COLUMNS: Mapping[str, Column] = _columns_of(Member, CustomerFacts)
KPI_SETTING_COLUMNS: Mapping[str, Column] = _columns_of(KpiSetting)
