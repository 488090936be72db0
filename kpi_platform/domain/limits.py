"""Limits that are checked before what they limit."""

from typing import Any

from pydantic import BeforeValidator
from pydantic_core import PydanticKnownError


def at_most(count: int) -> BeforeValidator:
    """Annotation of a list: one that is longer is refused before its entries are looked at, which would make
    an error of each."""

    def check(value: Any) -> Any:
        if isinstance(value, list | tuple) and len(value) > count:
            limits = {"field_type": "List", "max_length": count, "actual_length": len(value)}
            raise PydanticKnownError("too_long", limits)
        return value

    return BeforeValidator(check)
