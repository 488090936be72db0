"""Entity tags: versions of settings, as `ETag: "3"` and `If-Match: "3"`, and what pages say."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Header

from kpi_platform.domain.errors import Conflict, InvalidInput
from kpi_platform.web.refusals import PreconditionFailed

IfMatch = Annotated[
    str | None,
    Header(description='The version that the change was made from, as the `ETag` has it: `"3"`.'),
]
_TAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


def etag(version: int) -> str:
    return f'"{version}"'


def etag_of(content: str) -> str:
    """Returns a weak tag of the content of a page."""
    return f'W/"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'


def expected_version(if_match: str | None) -> int | None:
    """Returns the version that `If-Match` names; None if it says nothing (or `*`). Raises InvalidInput."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise InvalidInput(
            "If-Match names no version.", next_step='Send the ETag of the document, as in "3".'
        )
    return int(found[1])


@contextmanager
def precondition() -> Iterator[None]:
    """Makes another caller's faster change a failed precondition of this request."""
    try:
        yield
    except Conflict as conflict:
        if "expected_version" not in conflict.details:
            raise
        raise PreconditionFailed(
            conflict.message, next_step=conflict.next_step, details=conflict.details
        ) from None
