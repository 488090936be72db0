"""Limits of values, checked and refused in plain words."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema


def at_most(count: int) -> BeforeValidator:
    """Annotation of a list: one that is longer is refused before its entries are looked at, which would make
    an error of each."""

    def check(value: Any) -> Any:
        if isinstance(value, list | tuple) and len(value) > count:
            limits = {"field_type": "List", "max_length": count, "actual_length": len(value)}
            raise PydanticKnownError("too_long", limits)
        return value

    return BeforeValidator(check)


def refused(message: str, **context: Any) -> PydanticCustomError:
    """Returns a refusal in plain words. `field` in the context is appended to the path that is validated."""
    return PydanticCustomError("refused", "{message}", {"message": message, **context})


@dataclass(frozen=True, slots=True)
class Matching:
    """Annotation of a text that matches `pattern` as a whole; `words` completes "must be"."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema) | {"pattern": f"^(?:{self.pattern})$"}

    def _check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise refused(f"must be {self.words}")
        return text


Slug = Annotated[
    str,
    Matching(
        r"[a-z][a-z0-9_]{0,47}",
        "at most 48 small letters, digits and '_', beginning with a letter",
    ),
]
"""A short name that stays: of a customer, or of a custom KPI."""
