"""The base of every section of the settings document, and the value types that sections are made of."""

import re
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)
from rapidfuzz import process

from kpi_platform.domain.limits import Matching, at_most, refused

PAGE_FREQUENCIES = (60, 180, 360, 720, 1440)
"""Minutes between syncs that the settings page offers; the API takes every value that Fivetran takes."""


Kind = Literal["placement", "reach_out", "meaning"]
"""The kind of a setting, which decides who may change it (editor.py). placement: the place of the customer's
data and how it is reached. reach_out: addresses that the installation calls. meaning: everything else."""


class Section(BaseModel):
    """A part of the document: frozen, no unknown keys, no silent conversion of types."""

    settings_kind: ClassVar[Kind | None] = None
    """The kind of the settings of this section that state none. None: each has to state its own."""

    def __init_subclass__(cls, kind: Kind | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if kind is not None:
            cls.settings_kind = kind

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False,
        validate_by_name=False, validate_by_alias=True, serialize_by_alias=True, validate_default=True,
    )  # fmt: skip


def setting(
    default: Any,
    help: str,
    *,
    kind: Kind | None = None,
    allowed: str = "",
    environment: str = "",
    choices: tuple[Any, ...] = (),
    **constraints: Any,
) -> Any:
    """Returns a field of a section. `help` says what it does and with which effect; `kind` is needed if the
    section states none; `allowed` says in words what the type alone does not; `environment` names the
    variable that gives the default; `choices` is what the settings page offers if that is less than what is
    accepted."""
    extra: dict[str, Any] = {
        "kind": kind, "allowed": allowed, "environment": environment, "choices": list(choices),
    }  # fmt: skip
    return Field(
        default,
        description=help,
        json_schema_extra={key: value for key, value in extra.items() if value},
        **constraints,
    )


def section(kind: type[BaseModel], help: str) -> Any:
    """Returns a field that is a section of its own; left out, it is `kind` with its defaults."""
    return Field(default_factory=kind, description=help)


def _https(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, credentials = parts.hostname, parts.username or parts.password
        _ = parts.port
    except ValueError as cause:
        raise refused("must be an https address, such as https://example.my.salesforce.com") from cause
    if parts.scheme != "https" or not host or not re.fullmatch(r"[a-z0-9.-]+", host):
        raise refused("must be an https address, such as https://example.my.salesforce.com")
    if credentials:
        raise refused("must not contain a user name or a password")
    if parts.query or parts.fragment:
        raise refused("must be an address without '?' and '#'")
    return text.rstrip("/")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as cause:
        near = process.extractOne(name, sorted(available_timezones()), score_cutoff=60)
        hint = f"; did you mean '{near[0]}'?" if near else ", such as Europe/Berlin"
        raise refused(f"must be an IANA time zone{hint}") from cause
    return name


# The name of a variable is written in capitals; a token rarely is, and one without '_' is more likely a key.
_SECRET_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def _secret_name(name: str) -> str:
    looks_like_a_key = "_" not in name and (len(name) > 16 or sum(c.isdigit() for c in name) > 2)
    if len(name) > 200 or not _SECRET_NAME.fullmatch(name) or looks_like_a_key:
        raise refused(
            "must be the name of an environment variable in capital letters, such as "
            "KPI_SECRET_ACME_PASSWORD; the secret itself is never stored here"
        )
    return name


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Blank = BeforeValidator(_blank_is_none)
"""An empty text, as a form sends it, means that nothing is set."""

_IDENTIFIER = "a name of letters, digits and '_' that does not start with a digit"

Text = Annotated[str, Field(min_length=1, max_length=200), Matching(r"[^\x00-\x1f\x7f]*", "one line")]
Identifier = Annotated[str, Field(max_length=127), Matching(r"[A-Za-z_][A-Za-z0-9_]*", _IDENTIFIER)]
ConnectionId = Annotated[
    str,
    Field(max_length=100),
    Matching(r"[A-Za-z0-9_-]+", "an id of letters, digits, '_' and '-'"),
]
HttpsUrl = Annotated[str, Field(max_length=300), AfterValidator(_https)]
TimeZone = Annotated[str, AfterValidator(_zone)]
SecretName = Annotated[str, AfterValidator(_secret_name)]
# Spaces, quotes, commas and signs that end a header or an address are none of its signs.
EmailAddress = Annotated[
    str,
    Field(max_length=254),
    Matching(
        r"[A-Za-z0-9.!#$%&*+/=?^_{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,63}",
        "an e-mail address, such as ada@example.com",
    ),
]
EmailAddresses = Annotated[tuple[EmailAddress, ...], Field(strict=False), at_most(20)]
SyncFrequency = Literal[1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440]
