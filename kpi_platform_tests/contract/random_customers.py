"""Small customers in random styles with random settings: combinations that nobody thought of."""

import random
from typing import Any

from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.contract.dirty_world import DirtyWorld, make_world
from kpi_platform_tests.contract.style import Style, land_world
from kpi_platform_tests.reference.settings import SALESFORCE_KPIS, SERVICENOW_KPIS, WINDOW_DAYS

_KEYS = {"id", "sys_id"}
_SWITCHES = {
    "salesforce": ("sync_objects", ("accounts", "contacts", "opportunities", "cases", "tasks", "users")),
    "servicenow": ("sync_tables", ("incidents", "tasks")),
}
_ACCOUNT_TYPES: tuple[dict[str, list[str]], ...] = (
    {},
    {"former": []},
    {"customer": ["*"]},
    {"customer": [" Customer ", "Pro", "100%"], "former": ["Customers"]},
)
_ENGAGEMENT: dict[str, tuple[object, ...]] = {
    "titles": (["VP", "C.E.O.", "Head  of"], [], ["Director", "vorstand"]),
    "not_titles": ([], ["assistant to"], ["ex-", "intern"]),
    "count_emails": (True,),
    "planned_days": (None, 0, 7),
}
_RATINGS: dict[str, tuple[object, ...]] = {
    "scale": ("1-5", "0-5", "1-7", "1-10", "0-10", "0-100"),
    "max_outside": (0, 0.25, 0.5, 1),
}


def random_customers(
    seed: str, count: int, *, accounts: int = 7, incidents: int = 50
) -> list[LandedCustomer]:
    """`count` customers with a few accounts each; the same seed gives the same ones."""
    return [_random_customer(f"{seed} {number}", number, accounts, incidents) for number in range(count)]


def _random_customer(seed: str, number: int, accounts: int, incidents: int) -> LandedCustomer:
    rng = random.Random(seed)
    style = _style(rng)
    world = make_world(seed, history=style.history, accounts=accounts, incidents=incidents)
    style = Style(**{**vars(style), "absent": _absent(rng, world)})
    return LandedCustomer(f"random{number}", land_world(world, style, seed), _settings(rng))


def _style(rng: random.Random) -> Style:
    return Style(
        naming=rng.choice(("fivetran", "api", "capitals")),
        layout=rng.choice(("class", "flat", "both")),
        times=rng.choice(("plain", "zoned", "text")),
        as_text=rng.random() < 0.3,
        as_numbers=rng.random() < 0.3,
        labels=rng.random() < 0.5,
        history=rng.random() < 0.3,
        fields={"customer_account_id": "u_customer_account_id_value"} if rng.random() < 0.2 else None,
    )


def _absent(rng: random.Random, world: DirtyWorld) -> frozenset[str]:
    """Every table may be missing but accounts and incidents, every column but the primary keys."""
    tables = {**world.salesforce, **world.servicenow}
    columns = [f"{table}.{column}" for table, rows in tables.items() for column in set(rows[0]) - _KEYS]
    chosen = rng.sample(sorted(columns), rng.choice((0, 2, 6, 15)))
    optional = sorted(set(tables) - {"account", "incident"})
    return frozenset(chosen + rng.sample(optional, rng.choice((0, 0, 1, 3))))


def _settings(rng: random.Random) -> dict[str, Any]:
    document: dict[str, Any] = {"kpi_mappings": {}}
    for source, (section, switches) in _SWITCHES.items():
        off = {name: False for name in switches if rng.random() < 0.04}
        document[source] = {section: off} if off else {}
    document["salesforce"]["account_types"] = rng.choice(_ACCOUNT_TYPES)
    document["servicenow"]["sla_source"] = rng.choice(("auto", "auto", "task_sla", "sla_due", "made_sla"))
    document["servicenow"]["time_basis"] = rng.choice(("auto", "auto", "calendar", "business", "sla"))
    document["servicenow"]["sla_unit"] = rng.choice(("ticket", "sla"))
    document["servicenow"]["child_incidents"] = rng.choice(("same_account", "exclude", "include"))
    document["servicenow"]["reopened"] = rng.choice(("open_again", "as_resolved"))
    if rng.random() < 0.5:
        document["servicenow"]["link_placeholders"] = rng.choice(([], ["Not Set", "unknown"]))
    for kpi in (*SALESFORCE_KPIS, *SERVICENOW_KPIS):
        mapping: dict[str, Any] = {}
        if rng.random() < 0.05:
            mapping["enabled"] = False
        if WINDOW_DAYS[kpi] is not None and rng.random() < 0.2:
            mapping["window_days"] = rng.choice((1, 7, 31, 90, 364, 366, 730))
        if kpi == "executive_engagement":
            mapping |= {
                name: rng.choice(values) for name, values in _ENGAGEMENT.items() if rng.random() < 0.5
            }
        if kpi in ("csat", "support_satisfaction"):
            mapping |= {name: rng.choice(values) for name, values in _RATINGS.items() if rng.random() < 0.5}
        document["kpi_mappings"][kpi] = mapping
    document["revenue"] = {
        "currency": rng.choice(("corporate", "as_landed", "EUR", "JPY", "USD", "SEK")),
        "fx": rng.choice(("constant", "dated")),
    }
    if rng.random() < 0.5:
        shares = [rng.randrange(10) for _ in range(4)]
        if sum(shares):
            names = ("relationship", "adoption", "business_outcomes", "support")
            weights = {name: share / sum(shares) for name, share in zip(names, shares, strict=True)}
            document["health_score"] = {"weights": weights}
    if rng.random() < 0.5:
        document.setdefault("health_score", {})["scheme"] = "standard"
    return document
