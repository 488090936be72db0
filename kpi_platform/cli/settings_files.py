"""Settings documents as files and as text: JSON or YAML."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from kpi_platform.domain.errors import InvalidInput

Format = Literal["json", "yaml"]


def read_document(file: Path) -> Mapping[str, Any]:
    """The document in `file` ("-": standard input), JSON or YAML. Raises InvalidInput, with the line."""
    import yaml

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        reason = cause.strerror if isinstance(cause, OSError) else "it is not UTF-8 text"
        raise InvalidInput(
            f"The file {file} cannot be read: {reason}.", next_step="Check its path."
        ) from cause
    try:
        document = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    except (json.JSONDecodeError, yaml.YAMLError) as cause:
        raise InvalidInput(
            f"The file {file} is no valid {format_of(file).upper()}: {_reason(cause)}.",
            next_step="Correct it, and try again.",
        ) from cause
    if not isinstance(document, dict):
        raise InvalidInput(
            f"The file {file} holds no settings document.",
            next_step="It is an object whose keys are sections, such as fivetran and salesforce.",
        )
    return document


def format_of(file: Path) -> Format:
    """YAML, unless the name says JSON."""
    return "json" if file.suffix == ".json" else "yaml"


def as_text(document: Mapping[str, Any], form: Format) -> str:
    """The document with its keys in their order, ending with a line break."""
    import yaml

    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)


def _reason(cause: Exception) -> str:
    mark = getattr(cause, "problem_mark", None)
    if isinstance(cause, json.JSONDecodeError):
        return f"line {cause.lineno}, column {cause.colno}: {cause.msg}"
    if mark is not None:
        return f"line {mark.line + 1}, column {mark.column + 1}: {getattr(cause, 'problem', '') or cause}"
    return str(cause).splitlines()[0]
