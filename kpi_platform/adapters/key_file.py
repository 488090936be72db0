"""Keys that an installation makes for itself, once, and keeps."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from kpi_platform.configuration import Configuration

_BYTES = 32


def installation_key(configuration: Configuration, variable: str, file_name: str) -> bytes:
    """The key in the variable; where that is not set, the one in the file under `home`, made at first use and
    readable by its owner alone."""
    given = configuration.get(variable)
    if given is not None:
        return given.encode()
    file = configuration.home / file_name
    if not file.exists():
        _write_once(file, secrets.token_bytes(_BYTES))
    return file.read_bytes()


def has_installation_key(configuration: Configuration, variable: str, file_name: str) -> bool:
    """Whether `installation_key` has one, without making it."""
    return configuration.get(variable) is not None or (configuration.home / file_name).exists()


def _write_once(file: Path, key: bytes) -> None:
    """Two processes that start together agree on one key: linking fails where the name is taken."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(key)
    with suppress(FileExistsError):
        file.hardlink_to(draft)
    draft.unlink()
