"""A webhook in Fivetran as its REST API describes it, and the secret that its messages are signed with."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kpi_platform.adapters.key_file import has_installation_key, installation_key
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import FivetranUnavailable

SECRET_VARIABLE = "FIVETRAN_WEBHOOK_SECRET"  # noqa: S105
SECRET_FILE = "fivetran_webhook_key"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Webhook:
    """`group_id` is None for one of the whole account. Fivetran sets `active` to false when it has given up
    delivering."""

    id: str
    url: str
    events: tuple[str, ...]
    active: bool
    group_id: str | None
    created_at: str | None

    @classmethod
    def from_details(cls, details: Mapping[str, Any]) -> "Webhook":
        """Parses one webhook of an API answer. Raises FivetranUnavailable if it names none."""
        if not details.get("id"):
            raise FivetranUnavailable(
                "Fivetran's answer describes no webhook.",
                next_step="`kpi-platform webhook list` says whether there is one.",
            )
        events = details.get("events")
        return cls(
            id=str(details["id"]),
            url=str(details.get("url") or ""),
            events=tuple(map(str, events)) if isinstance(events, list) else (),
            active=bool(details.get("active", True)),
            group_id=details.get("group_id"),
            created_at=details.get("created_at"),
        )


def webhook_secret(configuration: Configuration) -> str:
    """Returns the secret with which Fivetran signs its messages: the variable's value, or else a key that the
    installation made for itself and keeps in its home."""
    # A secret that Fivetran was given already holds, however long it is.
    key = installation_key(configuration, SECRET_VARIABLE, SECRET_FILE, shortest=1)
    return key.decode() if configuration.get(SECRET_VARIABLE) is not None else key.hex()


def takes_webhooks(configuration: Configuration) -> bool:
    """Whether there is a secret, so that a message can be signed rightly."""
    return has_installation_key(configuration, SECRET_VARIABLE, SECRET_FILE)


def is_signed(configuration: Configuration, body: bytes, signature: str) -> bool:
    """Whether `signature` is the HMAC-SHA256 of the raw body, in hexadecimal."""
    wanted = hmac.new(webhook_secret(configuration).encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.strip().lower().encode())
