"""The proof that a customer's data is erased."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Erased:
    """One place that held something of the customer. `before` and `left` count what was there and what still
    is; `kept` says why something was left on purpose."""

    place: str
    before: int
    left: int
    kept: str = ""

    @property
    def proved(self) -> bool:
        return self.left == 0 or bool(self.kept)
