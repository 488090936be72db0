"""Settings documents as files and as text: JSON or YAML."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.json_text import TOO_DEEP, UnclearJson, is_too_deep, parse_json

Format = Literal["json", "yaml"]


def read_document(file: Path) -> Mapping[str, Any]:
    """Returns the document in `file` ("-": standard input), JSON or YAML. Raises InvalidInput with the line,
    also for what the two formats allow and nobody means."""
    document = _parsed(file, _text(file))
    if not isinstance(document, dict):
        raise InvalidInput(
            f"The file {file} holds no settings document.",
            next_step="It is an object whose keys are sections, such as fivetran and salesforce.",
        )
    return document


def _text(file: Path) -> str:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as cause:
        raise InvalidInput(
            f"The file {file} cannot be read: {cause.strerror}.", next_step="Check its path."
        ) from cause
    except UnicodeDecodeError as cause:
        raise InvalidInput(
            f"The file {file} cannot be read: it is not UTF-8 text.", next_step="Save it as UTF-8."
        ) from cause
    return text.removeprefix("\ufeff")


def _parsed(file: Path, text: str) -> Any:
    import yaml

    from kpi_platform.cli.strict_yaml import UnsafeYaml, parse_yaml

    form = format_of(file)
    reason = TOO_DEEP[:1].lower() + TOO_DEEP[1:].rstrip(".")
    try:
        if form == "yaml":
            return parse_yaml(text)
        if not is_too_deep(text.encode(errors="surrogatepass")):
            return parse_json(text)
    except (UnclearJson, UnsafeYaml) as cause:
        reason = str(cause)
    except (ValueError, yaml.YAMLError) as cause:
        raise InvalidInput(
            f"The file {file} is no valid {form.upper()}: {_reason(cause)}.",
            next_step="Correct it, and try again.",
        ) from cause
    raise InvalidInput(f"The file {file} is refused: {reason}.", next_step="Correct it, and try again.")


def format_of(file: Path) -> Format:
    """YAML, unless the name says JSON."""
    return "json" if file.suffix == ".json" else "yaml"


def as_text(document: Mapping[str, Any], form: Format) -> str:
    """Returns the document with its keys in their order, ending with a line break."""
    import yaml

    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)


def _reason(cause: Exception) -> str:
    mark = getattr(cause, "problem_mark", None)
    if isinstance(cause, json.JSONDecodeError):
        return f"line {cause.lineno}, column {cause.colno}: {cause.msg}"
    if mark is not None:
        return f"line {mark.line + 1}, column {mark.column + 1}: {_problem(cause)}"
    return str(cause).splitlines()[0]


def _problem(cause: Exception) -> str:
    parts = (getattr(cause, "context", None), getattr(cause, "problem", None))
    return ", ".join(part for part in parts if part) or str(cause).splitlines()[0]
