"""Times that a wrong clock has written: none of them holds anything up until it is overtaken. Pure."""

from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=10)
"""How much two clocks that are right may differ."""


def lies_ahead(moment: datetime, now: datetime) -> bool:
    """Whether `moment`, which has happened, is later than `now` by more than clocks differ."""
    return moment > now + TOLERANCE


def follows(moment: datetime | None, known: datetime | None, now: datetime) -> bool:
    """Whether `moment` is news after `known`. Any other moment is news after a known one that lies ahead."""
    if moment is None or known is None:
        return moment is not None
    return moment > known or (lies_ahead(known, now) and moment != known)
