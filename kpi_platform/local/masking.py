"""Secrets of sources and destinations: none is stored, and each is answered as asterisks."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "******"
_SECRET = re.compile(r"(^|_)(password|passphrase|secret|token|private_key|secret_key|api_key|access_key)s?$")


def masked(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the configuration with asterisks instead of its secrets, at any depth. The name of an
    environment variable (`password_env`) is no secret."""
    return {name: _masked(name, value) for name, value in config.items()}


def holds_secret(config: Mapping[str, Any]) -> bool:
    return masked(config) != config


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked(value)
    if isinstance(value, list):
        return [_masked(name, item) for item in value]
    return MASK if value is not None and _SECRET.search(name.lower()) else value
