"""Names of the reasons that moved a health score, as pages and messages have them."""

from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.score_change import ScoreReason


def input_name(name: str) -> str:
    return KPIS[name].display_name if name in KPIS else name.replace("_", " ").capitalize()


def reason_name(reason: ScoreReason) -> str:
    """Names a reason: `NPS`, `CSAT gone`, `Other weights in the settings`."""
    if reason.kind == "input":
        return input_name(reason.inputs[0])
    if reason.kind == "weights":
        return "Other weights in the settings"
    came = [f"{input_name(name)} new" for name in reason.inputs]
    return ", ".join((*came, *(f"{input_name(name)} gone" for name in reason.gone)))
