"""Name of an account as people see it."""


def is_named(name: str | None) -> bool:
    """Whether there is anything to see of a name; blanks and characters without a width are nothing."""
    if not name:
        return False
    return name[0].isalnum() or any(letter.isprintable() and not letter.isspace() for letter in name)


def shown_name(name: str | None, account_id: str) -> str:
    """Returns the account's name, or its id if it has none."""
    return name if name and is_named(name) else account_id
