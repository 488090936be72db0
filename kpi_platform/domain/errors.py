"""Errors that a person can act on.

Every error names the thing and the next step. Adapters raise them `from` the cause; the command line turns
them into exit codes, Dagster into `Failure` metadata, the REST API into a status, in one handler each.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class KpiPlatformError(Exception):
    """Base of all expected errors.

    `message` says what is wrong and with which thing, `next_step` what to do about it. Neither ever holds a
    secret. `details` is JSON-serialisable. `code` is stable and machine-readable; `http_status` is what the
    REST API answers.
    """

    code = "error"
    http_status = 500

    def __init__(
        self, message: str, *, next_step: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()

    @property
    def operator_message(self) -> str:
        """The message for the operator, on the server's command line: may name folders."""
        return self.message

    @property
    def for_operator(self) -> "KpiPlatformError":
        """The error for operators: may name other customers. `str` of an error never does."""
        return self


class InvalidInput(KpiPlatformError):
    """The user's input cannot be used as it is."""

    code = "invalid_input"
    http_status = 400


class InvalidSettings(InvalidInput):
    """A settings document is wrong; `details["errors"]` lists `{"field", "message"}`."""

    code = "invalid_settings"


class SecretNotAllowed(InvalidInput):
    """Settings name a secret, or use the installation's, that is not the customer's to use."""

    code = "secret_not_allowed"


class NotFound(KpiPlatformError):
    """The named thing does not exist (or is another customer's)."""

    code = "not_found"
    http_status = 404


class UnknownCustomer(NotFound):
    code = "unknown_customer"


class Forbidden(KpiPlatformError):
    """The caller is known and may not do this. Of settings, `details["paths"]` lists those concerned."""

    code = "forbidden"
    http_status = 403


class Conflict(KpiPlatformError):
    """Somebody else was faster, or the thing belongs to somebody else."""

    code = "conflict"
    http_status = 409


class NotConfirmed(Conflict):
    """Somebody has to agree first; `details["changes"]` lists in words what would change."""

    code = "not_confirmed"


class MissingConfiguration(KpiPlatformError):
    """An environment variable is missing or malformed; the message names it."""

    code = "missing_configuration"


class SchemaOutOfDate(KpiPlatformError):
    """The dashboard database has another schema version than this program."""

    code = "schema_out_of_date"
    http_status = 503


class Unavailable(KpiPlatformError):
    """An outside system does not answer; trying again later may help."""

    code = "unavailable"
    http_status = 503


class DestinationUnavailable(Unavailable):
    code = "destination_unavailable"


class DestinationLocked(DestinationUnavailable):
    """Another process holds the embedded warehouse file for writing."""

    code = "destination_locked"


class FivetranUnavailable(Unavailable):
    code = "fivetran_unavailable"


class FivetranRefused(KpiPlatformError):
    """Fivetran answered, and said no (401, 403, 404, 409, validation)."""

    code = "fivetran_refused"
    http_status = 502


class SyncFailed(KpiPlatformError):
    """A Fivetran sync ended without success; `details` carries the connection and Fivetran's reason."""

    code = "sync_failed"
    http_status = 502


class BuildFailed(KpiPlatformError):
    """A KPI build failed as a whole; `details["nodes"]` names the dbt nodes."""

    code = "build_failed"


class LoadRefused(KpiPlatformError):
    """A dashboard load was refused by a policy and changed nothing."""

    code = "load_refused"
    http_status = 409


class LoadHeld(LoadRefused):
    """A dashboard load would have done harm, and waits for somebody's decision; `details["reasons"]` says
    why, `details["recorded"]` whether it was more than a dry run."""

    code = "load_held"


class Damaged(KpiPlatformError):
    """A file of the installation cannot be read or written: `file` is `reason`. The message names the file
    without its folder, because customers may see it; `operator_message` names it with its folder."""

    code = "damaged"
    http_status = 503

    def __init__(self, what: str, file: Path, reason: str, *, next_step: str) -> None:
        super().__init__(f"{what} {file.name} {reason}.".lstrip(), next_step=next_step)
        self.what = what
        self.file = file
        self._in_full = f"{what} {file} {reason}.".lstrip()

    @property
    def operator_message(self) -> str:
        return self._in_full
