"""Previews a custom KPI before it is saved: its values of a few accounts, from the rows that are there."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.domain.account_names import shown_name
from kpi_platform.domain.kpis import Band
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.kpi_definitions import definitions_of
from kpi_platform.pipeline.scratch_build import Tell, scratch_build, scratch_input

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class PreviewedValue:
    """The value of one account. A status says why there is none."""

    account: str
    value: float | None
    status: str
    band: Band | None


@dataclass(frozen=True, slots=True)
class CustomKpiPreview:
    """`values` are of five accounts: the least, the greatest, and three between, where so many have a value.
    `accounts` counts all that it was computed for, `with_value` those with a value."""

    as_of: datetime
    accounts: int
    with_value: int
    unit: str
    values: tuple[PreviewedValue, ...]


def preview_custom_kpi(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    settings: CustomerSettings,
    slug: str,
    *,
    on_progress: Tell | None = None,
) -> CustomKpiPreview:
    """Computes the custom KPI `slug` of `settings` as of the newest load. Raises as `preview_settings`."""
    now, as_of = scratch_input(configuration, engine, customer, settings)
    definition = next(one for one in definitions_of(settings, {}) if one.kpi == slug)
    marts = ("+kpi_values", "+kpi_accounts")
    with scratch_build(configuration, now, as_of, [settings], marts, on_progress) as built:
        [key] = built.keys
        names = {
            row["account_id"]: row["account_name"]
            for row in built.rows("kpi_accounts", key, ("account_id", "account_name"))
        }
        values = [
            PreviewedValue(
                shown_name(names.get(row["account_id"]), row["account_id"]),
                row["value"],
                row["status"],
                definition.band(row["value"], row["sample_size"]),
            )
            for row in built.rows("kpi_values", key, ("account_id", "kpi", "value", "status", "sample_size"))
            if row["kpi"] == slug
        ]
    known = sorted((one for one in values if one.value is not None), key=lambda one: (one.value, one.account))
    unknown = sorted((one for one in values if one.value is None), key=lambda one: one.account)
    shown = _spread(known) + unknown[: max(0, _SHOWN - len(known))]
    return CustomKpiPreview(as_of, len(values), len(known), definition.unit, tuple(shown))


def _spread(known: list[PreviewedValue]) -> list[PreviewedValue]:
    """The least, the greatest, and those at even distances between them."""
    if len(known) <= _SHOWN:
        return known
    return [known[round(place * (len(known) - 1) / (_SHOWN - 1))] for place in range(_SHOWN)]
