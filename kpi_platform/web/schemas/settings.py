"""The settings document, its versions, and what a change does."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, create_model

from kpi_platform.domain.sources import SOURCES, Source
from kpi_platform.web.schemas.answers import Answer, Body

DOCUMENT_EXAMPLE = {
    "fivetran": {"sync_frequency_minutes": 360, "timezone": "Europe/Berlin"},
    "salesforce": {"connection_id": "acme_salesforce", "schema": "acme_salesforce"},
    "account_matching": {"threshold": 0.9},
}


class ChangeAnswer(Answer):
    """One setting that changed."""

    path: str = Field(examples=["account_matching.threshold"])
    old: Any = Field(examples=[0.85])
    new: Any = Field(examples=[0.9])


class AppliedAnswer(Answer):
    """One change that was sent to Fivetran, and its answer."""

    source: Source
    connection_id: str
    setting: str = Field(examples=["sync_frequency"])
    value: Any = Field(examples=[360])
    pending: bool = Field(description="It takes effect after the connection's first sync.")
    message: str = Field(examples=["every 360 minutes"])


class SettingsSavedAnswer(Answer):
    """`version` holds now; settings that did not change keep theirs."""

    version: int
    changes: list[ChangeAnswer]
    applied: list[AppliedAnswer]
    warnings: list[str] = Field(description="What could not be checked yet, and when it will be.")
    settings: dict[str, Any]


class SettingsVersionAnswer(Answer):
    version: int
    saved_by: str
    saved_at: datetime
    note: str
    changes: list[dict[str, Any]] = Field(
        examples=[[{"path": "update.mode", "before": "upsert", "after": "replace"}]]
    )


class SettingsDocumentAnswer(SettingsVersionAnswer):
    document: dict[str, Any]


class WindowBody(Body):
    """Full hours, both inclusive; start after end means over midnight."""

    start_hour: int = Field(ge=0, le=23)
    end_hour: int = Field(ge=0, le=23)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 6 else value


if TYPE_CHECKING:
    _BodySwitches = Body
    _AnswerSwitches = Answer
else:
    # A switch of the automatic sync for each source, as the settings have it.
    _switches = [f"sync_{source}" for source in SOURCES]
    _BodySwitches = create_model(
        "_BodySwitches", __base__=Body, **dict.fromkeys(_switches, (bool | None, None))
    )
    _AnswerSwitches = create_model(
        "_AnswerSwitches", __base__=Answer, **dict.fromkeys(_switches, (bool, ...))
    )


class ScheduleBody(_BodySwitches):
    """A change of the schedule. Fields that are left out stay as they are."""

    sync_frequency_minutes: Annotated[int | None, BeforeValidator(_number)] = Field(
        None,
        validation_alias=AliasChoices("sync_frequency_minutes", "frequency"),
        description="1, 5, 15, 30, 60, 120, 180, 360, 480, 720 or 1440; as text, too.",
        examples=[360],
    )
    enabled: bool | None = None
    sync_window: WindowBody | None = Field(None, validation_alias=AliasChoices("sync_window", "window"))
    timezone: str | None = Field(
        None,
        max_length=64,
        validation_alias=AliasChoices("timezone", "time_zone"),
        examples=["Europe/Berlin"],
    )


class WindowAnswer(Answer):
    start_hour: int
    end_hour: int


class ScheduleAnswer(_AnswerSwitches):
    """`frequencies` are the minutes that hold for each source: a source may have its own."""

    version: int
    enabled: bool
    scheduler: str
    sync_frequency_minutes: int
    frequencies: dict[Source, int]
    sync_window: WindowAnswer
    timezone: str
    last_sync: datetime | None
    next_sync: datetime | None
    applied: list[AppliedAnswer] = Field(description="What Fivetran was told by this call.")
