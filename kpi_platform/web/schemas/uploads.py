"""Uploads and what two of them show differently."""

from datetime import datetime
from typing import Any

from pydantic import Field

from kpi_platform.dashboard.upload_diff import DiffKind
from kpi_platform.domain.kpis import Band
from kpi_platform.web.schemas.answers import Answer


class UploadAnswer(Answer):
    """One numbered change of the dashboard. `taken_back` ones no longer count for what is shown."""

    version: int
    kind: str = Field(description="load or rollback.")
    status: str = Field(description="applied or taken_back.")
    as_of: datetime
    current_as_of: dict[str, str]
    update_mode: str
    data_source: str
    settings_version: int | None
    run_id: str | None
    run_url: str | None = None
    uploaded_by: str
    took_back: int | None
    kpis_inserted: int
    kpis_updated: int
    kpis_unchanged: int
    kpis_retired: int
    kpis_history_only: int
    kpis_skipped: int
    accounts_created: int
    accounts_updated: int
    accounts_retired: int
    accounts_skipped: int
    sent_to_review: int
    notes: list[Any]
    started_at: datetime
    finished_at: datetime


class HeldLoadAnswer(Answer):
    """A load that waits for somebody's decision; `released_at` says when somebody let it through."""

    as_of: datetime
    run_id: str | None
    reasons: list[str]
    held_at: datetime
    released_at: datetime | None
    released_by: str | None


class ValueDiffAnswer(Answer):
    account_id: int
    account_name: str
    kpi: str
    kind: DiffKind
    before: float | None
    before_status: str | None
    before_band: Band | None
    after: float | None
    after_status: str | None
    after_band: Band | None


class UploadDiffAnswer(Answer):
    """`counts` are of all differences by kind, `by_kpi` by KPI; `values` are a page of the
    `total` of those of the KPI that was asked for, greatest movers first."""

    counts: dict[DiffKind, int]
    by_kpi: dict[str, int]
    total: int
    values: list[ValueDiffAnswer]
