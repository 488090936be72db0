"""How the account behaves: its plan, how long things take, and how fast its time passes."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kpi_platform.domain.errors import InvalidInput

Plan = Literal["standard", "trial"]
HOURLY_CALLS: dict[Plan, int] = {"standard": 20_000, "trial": 500}
HOURLY_SETUP_TESTS: dict[Plan, int] = {"standard": 2_500, "trial": 50}


class Behaviour(BaseModel):
    """Settings for a test or a demonstration. All durations are seconds of Fivetran's time.

    `time_lapse`: how many of Fivetran's seconds pass in one of ours; 3600 makes hours of a historical sync,
    of setup tests, and of a webhook's retries seconds. Hourly limits count in real hours.
    `loopback_webhooks`: whether plain http is taken as a webhook's address on this machine; Fivetran itself
    takes https alone. `webhook_prefix`: whether messages say `connector_id` or `connection_id`.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    plan: Plan = "standard"
    time_lapse: float = Field(default=1.0, gt=0)
    setup_test_seconds: float = Field(default=20.0, ge=0)
    reload_seconds: float = Field(default=0.0, ge=0)
    historical_sync_seconds: float = Field(default=0.0, ge=0)
    loopback_webhooks: bool = False
    webhook_prefix: Literal["connector", "connection"] = "connector"

    def real_seconds(self, seconds: float) -> float:
        """Converts seconds of Fivetran's time to real ones."""
        return seconds / self.time_lapse


def parse_behaviour(settings: Iterable[str]) -> Behaviour:
    """Parses settings such as `["plan=trial", "time_lapse=60"]`. Raises InvalidInput."""
    given = dict(setting.partition("=")[::2] for setting in settings)
    try:
        return Behaviour.model_validate(given)
    except ValidationError as cause:
        first = cause.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise InvalidInput(
            f"The behaviour '{name}' cannot be '{given.get(name)}': {first['msg']}.",
            next_step=f"Use NAME=VALUE with one of: {', '.join(Behaviour.model_fields)}.",
        ) from cause
