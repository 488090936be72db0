"""When two ids are the same, and when two names are."""

import re

from kpi_platform_tests.reference.values import text

_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


def id_key(value: object) -> str | None:
    """ "First-15 matching only for ids of 15 or 18 alphanumerics, on every Salesforce key; any other id is
    compared whole." Blank is NULL."""
    landed = text(value)
    if landed is None:
        return None
    return landed[:15] if _SALESFORCE_ID.fullmatch(landed) else landed


def name_key(value: object) -> str | None:
    """ "A name is normalised by trimming, collapsing blanks and lower case." """
    name = text(value)
    return None if name is None else re.sub(r"\s+", " ", name, flags=re.ASCII).strip().lower() or None
