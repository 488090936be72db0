"""The errors of a request, in plain words."""

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "missing": "must be given",
    "extra_forbidden": "is not known here",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "string_type": "must be text",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "json_invalid": "is not valid JSON",
}


def in_words(error: Mapping[str, Any]) -> dict[str, str]:
    """Returns `{"field", "message"}` for one of pydantic's errors. The value is never repeated: it may be a
    secret."""
    place, *path = error["loc"]
    if error["type"] == "json_invalid":
        path = []
    field = ".".join(str(part) for part in path) or str(place)
    return {"field": field, "message": _message(error)}


def _message(error: Mapping[str, Any]) -> str:
    context: Mapping[str, Any] = error.get("ctx") or {}
    match error["type"]:
        case "literal_error" | "enum":
            return f"must be {context['expected']}"
        case "greater_than_equal":
            return f"must be {context['ge']} or more"
        case "less_than_equal":
            return f"must be {context['le']} or less"
        case "string_too_long":
            return f"must have at most {context['max_length']} characters"
        case "string_too_short":
            return f"must have at least {context['min_length']} characters"
        case "string_pattern_mismatch":
            return "has characters that may not stand here"
        case "value_error" | "refused":
            return str(error["msg"]).removeprefix("Value error, ")
    known = _WORDS.get(error["type"])
    return known or str(error["msg"])[:1].lower() + str(error["msg"])[1:]
