"""Normal form and score of whole names; the product has them in words."""

from kpi_platform.domain.matching.corpus import GENERAL, Corpus
from kpi_platform.domain.matching.names import parse_name
from kpi_platform.domain.matching.score import score_words


def normalise_name(name: str) -> str:
    """The words of `name`, one blank between them."""
    return " ".join(parse_name(name).words)


def score_names(a: str, b: str, corpus: Corpus = GENERAL) -> float:
    return score_words(parse_name(a).words, parse_name(b).words, corpus)
