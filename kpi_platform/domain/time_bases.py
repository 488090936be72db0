"""Three times that an incident may have, and the formula and unit of resolution_time by each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

DEFAULT_BASIS = "calendar"


@dataclass(frozen=True, slots=True)
class TimeBasis:
    """`unit` and `formula` of resolution_time if it is measured by this time."""

    name: str
    unit: str
    formula: str


_ALL = (
    TimeBasis(
        "calendar",
        "hours",
        "mean hours from opening to resolution, of the incidents resolved in the window",
    ),
    TimeBasis(
        "business",
        "business hours",
        "mean business hours to the resolution (ServiceNow's business_stc), of the incidents resolved in the "
        "window",
    ),
    TimeBasis(
        "sla",
        "SLA hours",
        "mean hours that the resolution SLA ran, pauses left out (business_duration of task_sla), of the "
        "incidents resolved in the window",
    ),
)

TIME_BASES: Mapping[str, TimeBasis] = MappingProxyType({basis.name: basis for basis in _ALL})
"""By the name that the setting `servicenow.time_basis` and the marts have for it."""
