"""The weeks before the first load."""

from datetime import datetime

from pydantic import Field

from kpi_platform.web.schemas.answers import Answer, Body


class PastBody(Body):
    weeks: int = Field(ge=1, le=104, description="Weeks before this one.", examples=[12])


class PastAnswer(Answer):
    """How many weeks are in which state. `waiting` and `running` ones are computed in the background."""

    begins: datetime | None = Field(description="The earliest instant; null if none was asked for.")
    waiting: int = 0
    running: int = 0
    loaded: int = Field(default=0, description="Weeks that the history holds.", examples=[12])
    failed: int = Field(default=0, description="Weeks that ended twice without a load; their runs say why.")
    cancelled: int = 0
