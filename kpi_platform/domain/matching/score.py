"""The score of two names: one number in 0…1, 0.85 means "almost surely the same company"."""

from rapidfuzz.fuzz import token_sort_ratio

from kpi_platform.domain.matching.names import normalise_name


def score_names(a: str, b: str) -> float:
    """How sure it is, 0…1, that `a` and `b` name the same company; symmetric, 1.0 for equal normalised names."""
    return token_sort_ratio(normalise_name(a), normalise_name(b)) / 100.0
