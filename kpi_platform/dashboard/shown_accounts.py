"""Accounts as the dashboard shows them, and the filters of their list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from kpi_platform.dashboard.accounts import Account
from kpi_platform.domain.kpis import Band

BandFilter = Literal["healthy", "between", "at_risk", "missing"]


@dataclass(frozen=True, slots=True)
class KpiValue:
    """One shown value. Without a value, `status` says why. `band` is None if there is no value, the
    KPI has no thresholds, or the value comes from `too_few` rows. `unreadable_count` rows of the source could
    not be read, beside the `sample_size` that count. Where there is no data because `left_out_count` rows
    were left out, `left_out_reason` is why most of them were; else both are None."""

    kpi: str
    value: float | None
    numerator: float | None
    denominator: float | None
    sample_size: int | None
    unreadable_count: int
    left_out_count: int | None
    left_out_reason: str | None
    window_start: datetime | None
    window_end: datetime | None
    status: str
    as_of: datetime
    upload_version: int
    band: Band | None
    too_few: bool


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account in a list. `kpis` is by slug; `coverage` is the share of the health score's weights that had
    values."""

    account: Account
    health_score: float | None
    coverage: float | None
    health_band: Band | None
    kpis: Mapping[str, KpiValue]


@dataclass(frozen=True, slots=True)
class AccountPage:
    """`total` counts all accounts that the filters leave."""

    total: int
    accounts: Sequence[AccountSummary]


@dataclass(frozen=True, slots=True)
class AccountDetail:
    """Everything shown of one account. `health` has the columns of `tables.HEALTH_COLUMNS`; it is empty, and
    `health_as_of` None, if no load brought a score. `health_settings` is the version of
    the settings with which the score was loaded; None if nothing was saved by then."""

    summary: AccountSummary
    health: Mapping[str, float | None]
    health_as_of: datetime | None
    health_settings: int | None


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """A filter of accounts. `kpi` names the KPI that `kpi_band`, `kpi_min` and `kpi_max` are about. All
    limits are inclusive; an account without the number or the date is not within them. `csm_email` is that of
    the customer success manager, in any case."""

    search: str | None = None
    health: BandFilter | None = None
    industry: str | None = None
    region: str | None = None
    csm: str | None = None
    kpi: str | None = None
    kpi_band: BandFilter | None = None
    kpi_min: float | None = None
    kpi_max: float | None = None
    arr_min: float | None = None
    arr_max: float | None = None
    renewal_from: date | None = None
    renewal_to: date | None = None
    csm_email: str | None = None


@dataclass(frozen=True, slots=True)
class Facets:
    """The values that filters can choose from. `has_revenue`: an account has ARR or a renewal."""

    industries: Sequence[str]
    regions: Sequence[str]
    csms: Sequence[str]
    has_revenue: bool
