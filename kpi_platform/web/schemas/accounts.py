"""Accounts with their values."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from pydantic import Field, create_model

from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS
from kpi_platform.domain.kpis import Band, Direction
from kpi_platform.domain.score_change import ReasonKind
from kpi_platform.domain.sources import Source
from kpi_platform.web.schemas.answers import Answer


class KpiValueAnswer(Answer):
    """A value; without one, `status` says why. Numerator, denominator, sample and window say how it came."""

    kpi: str = Field(examples=["nps"])
    value: float | None = Field(examples=[42.0])
    numerator: float | None
    denominator: float | None
    sample_size: int | None
    unreadable_count: int = Field(description="Rows of the source that could not be read, beside the sample.")
    left_out_count: int | None = Field(
        description="Rows that were left out, where that leaves no data; else null."
    )
    left_out_reason: str | None = Field(
        description="Why most of them were left out.", examples=["no conversion rate"]
    )
    window_start: datetime | None
    window_end: datetime | None
    status: str = Field(examples=["ok"])
    as_of: datetime
    upload_version: int = Field(description="The upload that brought the value.")
    band: Band | None = Field(description="By the customer's thresholds.")
    too_few: bool = Field(
        description="Whether the value comes from fewer rows than min_sample: it has no band."
    )


class _NamedAccount(Answer):
    id: int
    name: str = Field(examples=["Acme Corporation"])
    external_id: str | None = Field(description="The id under which a source knows it.")


if TYPE_CHECKING:
    _DescribedAccount = _NamedAccount
else:
    _types = {"string": str | None, "float": float | None, "date": date | None}
    _DescribedAccount = create_model(
        "_DescribedAccount",
        __base__=_NamedAccount,
        **{one.name: (_types[one.type], Field(description=one.description)) for one in ACCOUNT_COLUMNS},
    )


class AccountAnswer(_DescribedAccount):
    """An account with its health and its values."""

    retired_at: datetime | None
    health_score: float | None = Field(description="0 to 100.", examples=[71.5])
    coverage: float | None = Field(description="Share of the score's weights that had values, 0 to 1.")
    health_band: Band | None
    kpis: dict[str, KpiValueAnswer] = Field(description="By KPI.")


class AccountsAnswer(Answer):
    """`total` counts all that the filters leave."""

    total: int
    limit: int
    offset: int
    accounts: list[AccountAnswer]


class LeftOutGroupAnswer(Answer):
    reason: str = Field(description="type, merged, deleted, inactive, unreadable, no id.", examples=["type"])
    type: str | None = Field(description="The type, if that is the reason; null: empty.")
    accounts: int


class LeftOutAnswer(Answer):
    """Accounts of Salesforce that the newest build left out."""

    as_of: datetime | None = Field(description="Of the newest build; null if there was none.")
    sentence: str = Field(
        description="In words; empty if every account counts.",
        examples=["3 accounts do not count: type 'Client' 2, empty 1"],
    )
    counting: int = Field(description="Accounts that count.")
    left_out: list[LeftOutGroupAnswer]


class MatchedSourceAnswer(Answer):
    source_account_id: str
    source_name: str
    score: float
    method: str
    page: str | None = Field(description="Its page in the source; null if the settings name no instance.")


class PeerPlaceAnswer(Answer):
    """An account among its peers: the accounts of its industry, or all if too few of those have a value."""

    industry: str | None = Field(description="Null: all accounts.", examples=["Steel"])
    accounts: int = Field(description="Peers with a value, itself among them.", examples=[23])
    median: float = Field(examples=[38.0])
    percentile: float | None = Field(
        description="Share of them with a worse value, 0 to 100; null without a value.", examples=[72.0]
    )


class AccountDetailAnswer(AccountAnswer):
    health: dict[str, float | None] = Field(
        description="The score's categories and contributions, and further rates."
    )
    health_as_of: datetime | None
    health_peers: PeerPlaceAnswer | None = Field(
        description="Where the health score stands; null if too few accounts have one."
    )
    kpi_peers: dict[str, PeerPlaceAnswer] = Field(
        description="Where each value stands, by KPI; without those of which too few accounts have one."
    )
    sources: list[MatchedSourceAnswer]


class KpiAnswer(KpiValueAnswer):
    """A value with what its KPI means for this customer."""

    display_name: str
    category: str
    impact: str
    frequency: str
    unit: str = Field(examples=["hours"])
    direction: Direction = Field(description="Which values are better.")
    source: Source
    window_days: int | None
    healthy: float | None = Field(description="Healthy from here on.")
    at_risk: float | None = Field(description="At risk beyond.")
    min_sample: int = Field(description="A value of fewer rows is too few to have a band.")
    formula: str
    basis: str | None = Field(
        description="What the KPI was measured by, if there are several; else null.",
        examples=["contract_terms"],
    )


class HistoryPointAnswer(Answer):
    as_of: datetime
    value: float | None
    status: str
    upload_version: int


class HealthPointAnswer(Answer):
    as_of: datetime
    health_score: float | None
    coverage: float | None
    upload_version: int


class HistoryAnswer(Answer):
    """A point holds until the next one: values that did not change add none. `confirmed_until` says of each
    source until when a load has confirmed the last."""

    health: list[HealthPointAnswer]
    kpis: dict[str, list[HistoryPointAnswer]]
    confirmed_until: dict[Source, datetime]


class HealthStateAnswer(HealthPointAnswer):
    points: dict[str, float] = Field(description="What each known input adds to the score.")
    settings_version: int | None = Field(description="The settings that it was computed with.")


class ScoreReasonAnswer(Answer):
    kind: ReasonKind = Field(
        description="`input`: its value; `weights`: other weights in the settings; `coverage`: inputs that "
        "came or went, and the weight that moved from or to the rest."
    )
    inputs: list[str] = Field(description="The input; of `coverage` those that came.", examples=[["nps"]])
    gone: list[str] = Field(description="Of `coverage`: inputs that are not known any more.")
    points: float


class ScoreChangeAnswer(Answer):
    """The account's health as of two instants. `points` is the change of the score, null if there is none at
    one of them; the points of the reasons add up to it."""

    before: HealthStateAnswer | None
    after: HealthStateAnswer | None
    points: float | None
    reasons: list[ScoreReasonAnswer]
