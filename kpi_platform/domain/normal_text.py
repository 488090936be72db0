"""Texts that are the same whatever their case and blanks."""

import re

_BLANKS = re.compile(r"[ \t\n\r\f\v]+")


def normal_text(text: str) -> str:
    """Trimmed, blanks collapsed, in lower case, as the dbt macro normalised_name does it: only the blanks of
    ASCII are blanks."""
    return _BLANKS.sub(" ", text).strip(" ").lower()
