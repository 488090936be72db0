"""News: things that happened, in sentences for a person who watches."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_NAMED = 5


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to a customer: `text` without the customer, which several may share, and what
    is said of this customer alone. `is_bad`: somebody should look."""

    text: str
    customer: str
    detail: str = ""
    is_bad: bool = False


def lines(news: Iterable[News]) -> Iterator[str]:
    """Yields a line for everything that happened; the same thing of many customers is one line."""
    alike: dict[tuple[str, str, bool], list[str]] = {}
    for one in news:
        alike.setdefault((one.text, one.detail, one.is_bad), []).append(one.customer)
    for (text, detail, is_bad), customers in alike.items():
        more = len(customers) - _NAMED
        names = ", ".join(customers[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
        mark = "✗ " if is_bad else ""
        yield " ".join(part for part in (f"{mark}{text}: {names}.", detail) if part)
