"""Keys that an installation makes for itself, once, and keeps."""

import logging
import os
import secrets
from pathlib import Path

from filelock import FileLock

from kpi_platform.adapters.private_home import umask_of
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration

SHORTEST_KEY = 32
"""Bytes."""
MAKE_A_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'

_log = logging.getLogger(__name__)


def installation_key(
    configuration: Configuration, variable: str, file_name: str, *, shortest: int = SHORTEST_KEY
) -> bytes:
    """Returns the key in the variable; if that is not set, the one in the file under `home`, which is made at
    first use and readable by its owner alone. Raises MissingConfiguration for a key of fewer than `shortest`
    bytes."""
    given = configuration.get(variable)
    if given is not None:
        next_step = f"Make one and set {variable} to it: {MAKE_A_KEY}"
        _require_length(len(given.strip().encode()), shortest, variable, next_step)
        return given.encode()
    file = configuration.home / file_name
    key = _read(file) or _make(configuration, file)
    next_step = "Delete the file: the next start makes a new key."
    _require_length(len(key), shortest, f"The key file {file}", next_step)
    return key


def has_installation_key(configuration: Configuration, variable: str, file_name: str) -> bool:
    """Whether `installation_key` has one, without making it."""
    return configuration.get(variable) is not None or (configuration.home / file_name).exists()


def session_key(configuration: Configuration) -> bytes:
    """Signs the cookies of the web app, and sign-in links."""
    return installation_key(configuration, "KPI_SESSION_KEY", "session_key")


def alert_key(configuration: Configuration) -> bytes:
    """Returns the key that the signing keys of customers' alerts are derived from."""
    return installation_key(configuration, "KPI_ALERT_KEY", "alert_key")


def require_keys(configuration: Configuration) -> None:
    """Raises MissingConfiguration as long as one of the installation's keys is too short."""
    session_key(configuration)
    alert_key(configuration)


def _require_length(size: int, shortest: int, name: str, next_step: str) -> None:
    if size < shortest:
        raise MissingConfiguration(
            f"{name} holds a key of {size} bytes, which can be guessed; {shortest} or more are needed.",
            next_step=f"{next_step}\nWhat the old key has signed ends: sessions of the web app, or the "
            "signatures of alerts, whose receivers need the keys of `kpi-platform alert key CUSTOMER` anew.",
        )


def _read(file: Path) -> bytes:
    """Empty if the file is not there."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as cause:
        raise MissingConfiguration(
            f"The key file {file} cannot be read: {cause.strerror}.",
            next_step="Let the user that runs kpi_platform, and nobody else, read it.",
        ) from cause


def _make(configuration: Configuration, file: Path) -> bytes:
    """A new key, whole on the disk before the file has its name. Processes that start together agree on one.
    An empty file is replaced: what an empty key has signed, anybody could have signed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        key = _read(file)
        if key:
            return key
        if file.exists():
            _log.warning("The key file %s was empty: it has a new key now. What was signed ends.", file)
        key = secrets.token_bytes(SHORTEST_KEY)
        mode = 0o666 & ~umask_of(configuration)
        draft = file.with_name(f"{file.name}.part")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
            handle.write(key)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(file)
        _sync_folder(file.parent)
    return key


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
