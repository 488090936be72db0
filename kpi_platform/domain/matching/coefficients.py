"""The constants of the score, written by `python -m kpi_platform_tests.calibration.fit_matching`."""

from typing import Final

PRIOR_NAMES: Final = 3_000.0
"""Number of names that the prior knowledge about common words is worth."""
LEAST_WEIGHT: Final = 0.5
STRUCTURAL_WEIGHT: Final = 0.7
"""No word weighs less than the first; words such as "group" weigh no more than the second (nats)."""
LONGEST: Final = 64
"""Letters of a word, or of a whole name, that are compared."""
LEAST_RATIO: Final = 0.72
"""Words that share a lesser part of their letters are different words."""
ABBREVIATED: Final = 0.8
"""The similarity of a word and its abbreviation."""
SHORTEST_JOINED: Final = 5
LEAST_JOINED: Final = 0.86
SAME_LETTERS: Final = 0.99
"""The score of the same words in another order, or with other blanks."""
MOST_FOR_DIFFERENT: Final = 0.985
MOST_FOR_MISSING_COUNTRY: Final = 0.8
MOST_FOR_MISSING_NUMBER: Final = 0.65
MOST_FOR_OTHER_QUALIFIER: Final = 0.3
"""Highest scores of names that are not the same letters, that have a country or a number which the other
lacks, and that have different countries or numbers."""

# In the order of `score.Evidence.features`.
COEFFICIENTS: Final = (3.37, 6.2, 3.16, 2.08, 4.03, 0.45, 1.18, 0.13, 4.15)
INTERCEPT: Final = -6.23
