"""The names of the settings on pages: every path in words."""

from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.sources import SOURCE_SYSTEMS
from kpi_platform.web.formats import words

SECTIONS: dict[str, tuple[str, str]] = {
    "fivetran": ("Fivetran sync", "When and by whom the connections are synced."),
    **{str(one.name): (one.title, one.purpose) for one in SOURCE_SYSTEMS.values()},
    "warehouse": ("Warehouse", "The destination that Fivetran writes to, and where the KPIs are computed."),
    "account_matching": (
        "Account matching",
        "How accounts of the sources and of the dashboard find each other.",
    ),
    "kpi_mappings": ("KPI mappings", "Where each KPI comes from, how it is shown, and when it is healthy."),
    "revenue": (
        "Revenue",
        "What recurring revenue is measured from, in which currency amounts are compared, and at which rate.",
    ),
    "health_score": ("Health score", "How much each group of KPIs weighs. The weights sum to 1."),
    "update": ("Loading", "How a load treats what the dashboard holds."),
    "error_handling": ("Error handling", "What happens when something fails."),
    "alerts": ("Alerts", "Who is told of what."),
}
"""Title and purpose of each section, in the order of the page."""

_GROUPS = {
    "": "General",
    "sync_window": "Sync window",
    "custom_fields": "Custom fields",
    "sync_objects": "Objects to sync",
    "account_types": "Account types",
    "sync_tables": "Tables to sync",
    "weights": "Weights",
}
_SPELLED: dict[str, str] = {
    "id": "ID", "url": "URL", "api": "API", "sla": "SLA", "kpi": "KPI", "nps": "NPS", "timezone": "time zone",
    "email": "e-mail", "slack": "Slack", "teams": "Teams",
    **{str(one.name): one.title for one in SOURCE_SYSTEMS.values()},
}  # fmt: skip


def setting_label(path: str) -> str:
    """Returns section, group and name of a setting as the page has them: `Health score › Weights › Adoption`.
    A path that names no setting is spelled as words."""
    section, _, rest = path.partition(".")
    if section == "custom_kpis":
        return " › ".join(["KPIs of its own", *(words(part) for part in rest.split(".") if part)])
    title = SECTIONS[section][0] if section in SECTIONS else words(section)
    group = group_of(path)
    parts = [title, group_title(group) if group else "", field_label(path) if rest else ""]
    return " › ".join(filter(None, parts))


def group_of(path: str) -> str:
    """Returns the part of a section that a setting stands in; empty for one that stands in none."""
    inner = path.split(".")[1:-1]
    return inner[0] if inner else ""


def group_title(name: str) -> str:
    return KPIS[name].display_name if name in KPIS else _GROUPS.get(name, words(name))


def field_label(path: str) -> str:
    """Returns the name of a setting within its group, without its unit."""
    names = path.split(".")[1:]
    names = names[1:] if len(names) > 1 else names
    text = " ".join(_SPELLED.get(word, word) for word in " ".join(names).replace("_", " ").split())
    for ending in (" minutes", " seconds", " hours", " days"):
        text = text.removesuffix(ending)
    return text[:1].upper() + text[1:]
