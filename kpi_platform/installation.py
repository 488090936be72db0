"""The random name of an installation, kept in its home. It distinguishes installations that look the same."""

import secrets
from pathlib import Path

FILE = "installation_id"
HEADER = "X-Kpi-Platform-Installation"
"""Names the installation in calls to a local Fivetran, which refuses those of another."""


def installation_id(home: Path) -> str:
    """Returns the id of the installation in `home`, which is made at first use."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / FILE
    # Two processes that start together agree on one: the second finds the name taken.
    draft = file.with_name(f"{FILE}.{secrets.token_hex(4)}.part")
    if known_id(home) is None:
        draft.write_text(secrets.token_hex(16))
        try:
            file.hardlink_to(draft)
        except FileExistsError:
            if known_id(home) is None:
                draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
    return known_id(home) or ""


def known_id(home: Path) -> str | None:
    """Returns the id of the installation in `home`; None if it has none yet."""
    try:
        text = (home / FILE).read_text(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return text or None
