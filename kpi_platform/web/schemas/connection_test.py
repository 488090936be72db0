"""The connection test."""

from typing import Any

from pydantic import ConfigDict, Field

from kpi_platform.adapters.destination.protocol import StepName
from kpi_platform.web.schemas.answers import Answer, Body


class ConnectionTestBody(Body):
    """Without `warehouse` the saved connection is tested. It is a section as in the settings; a password is
    never part of it, only the name of the environment variable that holds one."""

    warehouse: dict[str, Any] | None = Field(default=None, description="Left out: the saved connection.")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "warehouse": {
                        "type": "postgres",
                        "host": "warehouse.example.com",
                        "database": "analytics",
                        "username": "kpi",
                        "credentials_secret": "KPI_SECRET_ACME_PASSWORD",
                    }
                }
            ]
        }
    )


class StepAnswer(Answer):
    name: StepName
    ok: bool
    seconds: float
    error: str | None = Field(description="What went wrong, and what to do.")


class ConnectionTestAnswer(Answer):
    """`steps` in their order; after one that failed no further one is tried."""

    ok: bool
    steps: list[StepAnswer]
