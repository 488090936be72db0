"""The rule about what was known at an instant in the past (backtest.md, "What was known at t").

An account's mapped fields hold what they hold today. A strict build uses one at its as_of only if a version
of history mode was valid then, or if a run recorded its value shortly before. The dbt model int_account_known
applies the rule.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

COMPUTED_WITHIN = timedelta(days=1)
"""A run recorded what was known at its as_of if it computed at most so long after it."""

NOT_KNOWN = "not known at as_of"
"""The reason for a value that is missing because its field was not known then."""


@dataclass(frozen=True, slots=True)
class RecordedValues:
    """The place of the values that runs have recorded of a customer: the mart kpi_daily, as the destination
    spells it, and the customer's key there."""

    schema: str
    identifier: str
    key: str

    def var(self) -> dict[str, str | None]:
        """Returns what dbt gets, in the form of a landed table."""
        return {"database": None, **asdict(self)}


def is_past(as_of: datetime, now: datetime) -> bool:
    """Whether a build that computes `now` no longer sees the fields as they were at `as_of`."""
    return now > as_of + COMPUTED_WITHIN
