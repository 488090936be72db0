"""The customer: a tenant of the KPI dashboard. Everything belongs to exactly one."""

import re

from kpi_platform.domain.errors import InvalidInput

_KEY = re.compile(r"[a-z][a-z0-9_]{0,47}")


def parse_customer_key(text: str) -> str:
    """Returns `text` as a customer key. Raises InvalidInput if it cannot be one. Keys become identifiers
    elsewhere (schemas, partitions)."""
    if not _KEY.fullmatch(text):
        raise InvalidInput(
            f"'{text}' is not a customer key.",
            next_step="A key starts with a small letter and has at most 48 small letters, digits and '_'.",
        )
    return text
