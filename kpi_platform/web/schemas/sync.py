"""Asking for a sync, and what became of it."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from kpi_platform.dashboard.sync_requests import State
from kpi_platform.domain.sources import DataSource
from kpi_platform.web.schemas.answers import Answer, Body

_BELONGS_ELSEWHERE = re.compile(
    r"passw|secret|token|api_?key|private_?key|credential|_key$|user_?name|^user$|host|instance|domain|"
    r"^port$|_?url$|^dsn$|connection_string|^account$|warehouse",
    re.IGNORECASE,
)

_WHERE_IT_BELONGS = (
    "does not belong here. Hosts and users belong in the customer's settings, passwords and keys in "
    "environment variables that the settings name; the sources' own passwords belong in Fivetran"
)
_EXAMPLE: JsonDict = {
    "data_source": "combined",
    "sync_config": {"update_mode": "upsert", "account_mapping": "auto"},
    "dry_run": False,
}


class KpiOverride(Body):
    """An override of `kpi_mappings.<kpi>` for one run."""

    category: str | None = None
    impact_level: Literal["Critical", "High", "Medium", "Low"] | None = None
    measurement_frequency: Literal["Daily", "Weekly", "Monthly", "Quarterly"] | None = None
    enabled: bool | None = None
    field: str | None = Field(None, description="For KPIs that are read from a mapped field.")
    window_days: int | None = Field(None, ge=1, le=730)
    thresholds: dict[Literal["healthy", "at_risk"], float] | None = None
    types: dict[Literal["new_business", "renewal", "expansion"], list[str]] | None = Field(
        None, description="Opportunity types of net_revenue_retention."
    )


class SyncConfig(Body):
    update_mode: Literal["upsert", "replace"] | None = Field(
        default=None, description="Left out: as the settings say (`update.mode`)."
    )
    account_mapping: Literal["auto", "manual"] = Field(
        default="auto",
        description="manual: only known ids and accepted decisions match, the rest goes to review.",
    )
    kpi_mapping: dict[str, KpiOverride] = Field(
        default_factory=dict, description="Overrides by KPI; they hold for this run only."
    )


class SyncBody(Body):
    """Credentials and hosts are no part of it: the platform's settings and environment have them."""

    data_source: DataSource = Field("combined", description="Which source to sync; combined: both.")
    sync_config: SyncConfig = SyncConfig()
    dry_run: bool = Field(
        False, description="Sync and compute, and load nothing: only say what would change."
    )

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    @model_validator(mode="before")
    @classmethod
    def _no_credentials(cls, given: Any) -> Any:
        for path in _elsewhere(given, ""):
            raise PydanticCustomError("refused", "{message}", {"message": f"{path} {_WHERE_IT_BELONGS}"})
        return given


class SyncAnswer(Answer):
    """A sync request. `progress` is by source; `run_url` leads to the run in Dagster."""

    id: str = Field(examples=["5f0c2b1e9a7d4c3b8e6f1a2b3c4d5e6f"])
    customer: str = Field(examples=["acme"])
    data_source: DataSource
    dry_run: bool
    state: State
    requested_by: str
    requested_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    progress: dict[str, Any] = Field(examples=[{"salesforce": "done", "servicenow": "syncing"}])
    results: dict[str, Any] = Field(
        description="Once it has ended: kpis_synced, kpis_unchanged, accounts_created, accounts_updated, "
        "accounts_skipped, sent_to_review, upload_version, errors, and as notes what was left out and why.",
        examples=[{"kpis_synced": 12, "upload_version": 3, "errors": [], "notes": []}],
    )
    run_id: str | None = Field(description="Dagster's; null until a run has taken the request.")
    run_url: str | None


def _elsewhere(given: Any, path: str) -> Iterator[str]:
    if not isinstance(given, Mapping):
        return
    for key, value in given.items():
        name = f"{path}{key}"
        if name.startswith("sync_config.kpi_mapping."):
            continue
        if _BELONGS_ELSEWHERE.search(str(key)):
            yield name
        yield from _elsewhere(value, f"{name}.")
