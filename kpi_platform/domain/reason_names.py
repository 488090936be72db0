"""Names of the reasons that moved a health score, as pages and messages have them."""

from collections.abc import Sequence

from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.score_change import ScoreReason

_NAMED = 2


def input_name(name: str) -> str:
    return KPIS[name].display_name if name in KPIS else name.replace("_", " ").capitalize()


def reason_name(reason: ScoreReason) -> str:
    """Names a reason: `NPS`, `CSAT gone`, `4 inputs new`, `Other weights in the settings`."""
    if reason.kind == "input":
        return input_name(reason.inputs[0])
    if reason.kind == "weights":
        return "Other weights in the settings"
    parts = ((reason.inputs, "new"), (reason.gone, "gone"))
    return ", ".join(f"{named(names) or f'{len(names)} inputs'} {word}" for names, word in parts if names)


def named(names: Sequence[str]) -> str:
    """Returns the names of inputs if they are few enough to be read beside others, else nothing."""
    return " and ".join(map(input_name, names)) if len(names) <= _NAMED else ""
