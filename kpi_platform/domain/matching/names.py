"""Company names in the form in which they are compared."""

import unicodedata

from anyascii import anyascii


def normalise_name(name: str) -> str:
    """`name` in small ASCII letters and digits, words separated by one blank."""
    text = anyascii(unicodedata.normalize("NFKC", name)).lower().replace("&", " and ")
    return " ".join("".join(c if c.isalnum() else " " for c in text).split())
