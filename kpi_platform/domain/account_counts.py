"""How many Salesforce accounts of a customer count, how many do not, and why: in numbers and in words."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

LeftOutReason = Literal["type", "merged", "deleted", "inactive", "unreadable", "no id"]

TYPES_SETTING = "salesforce.account_types.customer"
"""The setting that says which accounts count."""

_ORDER: tuple[LeftOutReason, ...] = ("type", "merged", "deleted", "inactive", "unreadable", "no id")
_NAMED_TYPES = 10
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class AccountGroup:
    """Accounts of one type (trimmed; None without one) that count, or do not for one `reason`."""

    reason: LeftOutReason | None
    type: str | None
    accounts: int


@dataclass(frozen=True, slots=True)
class AccountCounts:
    """The accounts of one customer in groups."""

    groups: tuple[AccountGroup, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[tuple[LeftOutReason | None, str | None, int]]) -> "AccountCounts":
        """Adds up rows of reason, type as it landed, and accounts; a group may have several rows."""
        found: Counter[tuple[LeftOutReason | None, str | None]] = Counter()
        for reason, type_, accounts in rows:
            found[reason, (type_ or "").strip() or None] += accounts
        groups = [AccountGroup(reason, type_, accounts) for (reason, type_), accounts in found.items()]
        return cls(tuple(sorted(groups, key=lambda group: _place(group.type, group.accounts))))

    @classmethod
    def parse(cls, document: Iterable[Mapping[str, Any]]) -> "AccountCounts":
        return cls(tuple(AccountGroup(**group) for group in document))

    def document(self) -> list[dict[str, Any]]:
        """Returns the groups as JSON has them."""
        return [asdict(group) for group in self.groups]

    @property
    def counting(self) -> int:
        return sum(group.accounts for group in self.groups if group.reason is None)

    @property
    def left_out(self) -> int:
        return sum(group.accounts for group in self.groups if group.reason is not None)

    @property
    def types(self) -> Mapping[str | None, int]:
        """Type (None: empty) → accounts, of all that the type decides about; the most frequent first."""
        found: Counter[str | None] = Counter()
        for group in self.groups:
            if group.reason in (None, "type"):
                found[group.type] += group.accounts
        return dict(sorted(found.items(), key=lambda item: _place(*item)))

    def sentence(self) -> str:
        """Says who does not count, in words: "3 accounts do not count: type 'Client' 2, empty 1; merged 1".
        Empty if every account counts."""
        if not self.left_out:
            return ""
        parts = [part for reason in _ORDER if (part := self._part(reason))]
        verb = "account does" if self.left_out == 1 else "accounts do"
        return f"{self.left_out:,} {verb} not count: {'; '.join(parts)}"

    def nobody_left(self) -> str:
        """Says why no account counts, in words."""
        return f"No account counts. {self.sentence() or 'The account table of Salesforce is empty'}."

    def in_words(self) -> str:
        """Says in a sentence who does not count, or that all do, or that nobody does."""
        if not self.counting:
            return self.nobody_left()
        return f"{self.sentence() or 'Every account of Salesforce counts'}."

    def _part(self, reason: LeftOutReason) -> str:
        groups = [group for group in self.groups if group.reason == reason]
        if not groups:
            return ""
        if reason != "type":
            return f"{reason} {sum(group.accounts for group in groups):,}"
        named = [_named(group) for group in groups[:_NAMED_TYPES]]
        if others := groups[_NAMED_TYPES:]:
            accounts = sum(group.accounts for group in others)
            named.append(f"{len(others):,} other type{'s' if len(others) > 1 else ''} {accounts:,}")
        return f"type {', '.join(named)}"


def _named(group: AccountGroup) -> str:
    if group.type is None:
        return f"empty {group.accounts:,}"
    name = " ".join(group.type.split())
    name = name if len(name) <= _NAME_LENGTH else f"{name[:_NAME_LENGTH]}…"
    return f"'{name}' {group.accounts:,}"


def _place(type_: str | None, accounts: int) -> tuple[bool, int, str, str]:
    """Groups in words: the largest first, those without a type last."""
    return type_ is None, -accounts, (type_ or "").casefold(), type_ or ""
