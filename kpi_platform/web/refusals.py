"""Refusals that only the web has."""

from kpi_platform.domain.errors import InvalidInput, KpiPlatformError


def retry_after(error: KpiPlatformError) -> dict[str, str]:
    """Returns the header of an answer that tells the caller to wait; none for other errors."""
    seconds = error.details.get("retry_after_seconds")
    return {} if seconds is None else {"Retry-After": str(seconds)}


class NotSignedIn(KpiPlatformError):
    """No token, or one that is unknown, expired or revoked."""

    code = "not_signed_in"
    http_status = 401


class UnknownHost(KpiPlatformError):
    """The request is for a host that is not this app's."""

    code = "unknown_host"
    http_status = 421


class NoCustomerChosen(InvalidInput):
    """An operator's request about one customer names none; pages lead to the choice."""

    code = "no_customer_chosen"


class PreconditionFailed(KpiPlatformError):
    """`If-Match` names a version that is not the newest any more."""

    code = "precondition_failed"
    http_status = 412


class TooBusy(KpiPlatformError):
    """The customer has asked for as much at once as it may. `details["retry_after_seconds"]`: as below."""

    code = "too_many_requests"
    http_status = 429


class TooManyAttempts(KpiPlatformError):
    """`details["retry_after_seconds"]` says when to try again."""

    code = "too_many_attempts"
    http_status = 429
