"""Finds the account that a person means by an id or a name."""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from kpi_platform.domain.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class AccountName:
    id: str
    name: str | None


def find_account(text: str, accounts: Sequence[AccountName], customer: str) -> AccountName:
    """Returns the account with the id `text` (15 or 18 characters of it), else with that name ignoring case
    and blanks. NotFound names the most similar ones; InvalidInput the ids, if several have the name."""
    short = text[:15] if len(text) in (15, 18) and text.isalnum() else text
    for account in accounts:
        if account.id == text or (account.id[:15] == short and len(account.id) in (15, 18)):
            return account
    named = [account for account in accounts if account.name and _plain(account.name) == _plain(text)]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(account.id for account in named)
        raise InvalidInput(
            f"Customer {customer} has {len(named)} accounts named '{text}'.",
            next_step=f"Name one by its id: {ids}.",
        )
    names = {account.id: account.name for account in accounts if account.name}
    near = process.extract(text, names, scorer=fuzz.WRatio, processor=_plain, limit=3, score_cutoff=60)
    similar = ", ".join(f"'{name}' ({account_id})" for name, _, account_id in near)
    raise NotFound(
        f"Customer {customer} has no account '{text}'.",
        next_step=f"Similar: {similar}." if similar else "Give an account id, or the whole name.",
    )


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
