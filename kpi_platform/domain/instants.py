"""Instants."""

from datetime import UTC, datetime


def in_utc(moment: datetime) -> datetime:
    """Returns the instant in UTC; one that names no zone is UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
