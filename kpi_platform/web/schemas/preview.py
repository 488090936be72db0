"""The preview of a change of the settings."""

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from kpi_platform.domain.kpis import Band
from kpi_platform.web.schemas.answers import Answer
from kpi_platform.web.schemas.settings import ChangeAnswer

if TYPE_CHECKING:
    from kpi_platform.pipeline.preview import Preview


class ValueChangeAnswer(Answer):
    kpi: str | None = Field(description="null: the health score.")
    before: float | None
    after: float | None
    before_status: str | None
    after_status: str | None
    before_band: Band | None = Field(description="Changes with the thresholds too.")
    after_band: Band | None


class MatchChangeAnswer(Answer):
    before: str | None
    before_account: str | None
    after: str | None
    after_account: str | None


class AccountPreviewAnswer(Answer):
    account_id: str = Field(description="Its id in the source.")
    name: str
    match: MatchChangeAnswer | None
    health: ValueChangeAnswer | None
    values: list[ValueChangeAnswer]


class PreviewAnswer(Answer):
    """`accounts` were looked at; `affected` are the first of those that would change. `bands_changed` counts
    values and health scores that would be in another band."""

    as_of: datetime
    changes: list[ChangeAnswer]
    accounts: int
    accounts_affected: int
    matches_changed: int
    values_changed: int
    health_changed: int
    bands_changed: int
    alerts: int | None = Field(
        description="Values that the next load would alert about as newly at risk; null if it sends no such "
        "alerts."
    )
    affected: list[AccountPreviewAnswer]

    @classmethod
    def of(cls, preview: "Preview", limit: int) -> "PreviewAnswer":
        """Returns the answer, with at most `limit` accounts."""
        fields = {name: getattr(preview, name) for name in cls.model_fields if hasattr(preview, name)}
        counted = {"affected": preview.affected[:limit], "accounts_affected": len(preview.affected)}
        return cls.model_validate({**fields, **counted})


class PreviewedValueAnswer(Answer):
    account: str
    value: float | None
    status: str
    band: Band | None


class CustomKpiPreviewAnswer(Answer):
    """`accounts` is how many it was computed for, `with_value` how many of them have a value."""

    as_of: datetime
    accounts: int
    with_value: int
    unit: str
    values: list[PreviewedValueAnswer]
