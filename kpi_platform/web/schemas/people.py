"""People and tokens."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from kpi_platform.domain.settings import Scope
from kpi_platform.web.schemas.answers import Answer, Body

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def _email(text: str) -> str:
    if not _ADDRESS.fullmatch(text.strip()):
        raise PydanticCustomError("refused", "is no e-mail address; it is written like ada@example.com")
    return text.strip().lower()


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise PydanticCustomError("refused", "is missing")
    return text.strip()


Name = Annotated[str, Field(max_length=120), AfterValidator(_name)]


class PersonBody(Body):
    """An invitation. An operator has no `customer`."""

    name: Name = Field(examples=["Ada Fields"])
    email: Annotated[str, Field(max_length=200), AfterValidator(_email)] = Field(examples=["ada@example.com"])
    scope: Scope = "read"
    customer: str | None = Field(None, max_length=48)


class RoleBody(Body):
    scope: Scope = Field(examples=["write"])


class TokenBody(Body):
    """The token of a person is the person's customer's. Without `days` it lasts until it is revoked."""

    name: Name = Field(examples=["Nightly export"])
    scope: Scope = "read"
    customer: str | None = Field(None, max_length=48)
    person_id: int | None = Field(None, ge=1, le=2**31 - 1)
    days: int | None = Field(90, ge=1, le=3650)


class PersonAnswer(Answer):
    id: int
    customer: str | None
    name: str
    email: str
    scope: Scope
    invited_by: str
    invited_at: datetime
    sessions: int = Field(description="Browsers that the person is signed in with.")
    tokens: int
    last_seen_at: datetime | None


class InvitedAnswer(Answer):
    person: PersonAnswer
    link: str = Field(description="Signs its first visitor in, within three days. It is shown once.")


class TokenAnswer(Answer):
    id: int
    name: str
    customer: str | None
    person: str | None
    scope: Scope
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    single_session: bool


class NewTokenAnswer(Answer):
    token: TokenAnswer
    text: str = Field(description="The token itself. It is shown once.")
