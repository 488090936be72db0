"""Makes the labels of choice fields, customised in part."""

from kpi_platform_tests.contract.dirty_rows import Maker, Row


def choices(make: Maker) -> list[Row]:
    """Labels that somebody customised, in two languages."""
    labels = {
        "state": ("New", "Cancelled", "Handed over", "Closed", " canceled"),
        "incident_state": ("Canceled", "Resolved", "Waiting"),
        "priority": ("1 - Critical", "2 - High", "Planning", "3", "Outage"),
        "escalation": ("Normal", "1 - Moderate"),
        "category": ("Cancelled",),
    }
    return [
        {
            "sys_id": f"choice{number:03d}",
            "name": make.pick("incident", "task", "incident", "problem"),
            "element": element,
            "value": str(make.rng.choice((1, 2, 5, 7, 8, 10))),
            "label": make.some(lambda element=element: make.rng.choice(labels[element]), 0.05),  # type: ignore[misc]
            "language": make.pick("en", "en", "en", "de", None),
            **make.lifecycle(),
        }
        for number, element in enumerate(sorted(labels) * 3)
    ]
