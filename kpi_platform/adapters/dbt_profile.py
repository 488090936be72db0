"""The profile that dbt reads, and the environment that it takes all values from.

dbt renders a profile as Jinja. So the file holds names of variables alone, `{{ env_var('KPI_DBT_USER') }}`,
and no value of a customer's settings is ever part of a template.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from kpi_platform.adapters.destination.protocol import DbtTarget
from kpi_platform.domain.errors import InvalidSettings

_SECRET = "DBT_ENV_SECRET_"  # noqa: S105
"""dbt takes variables of this name in profiles alone, and keeps their values out of its log."""
_PLAIN = "KPI_DBT_"


@dataclass(frozen=True, slots=True)
class DbtProfile:
    """`text` is the file, which holds no value; `environment` the variables that it names."""

    text: str
    environment: Mapping[str, str] = field(repr=False)


def profile_of(name: str, target: DbtTarget) -> DbtProfile:
    """Returns the profile `name` for `target`. Raises InvalidSettings for a value that dbt would take for the
    name of a secret."""
    environment: dict[str, str] = {}
    output = {
        **_named(target.output, _PLAIN, environment),
        **_named(target.secrets, _SECRET, environment),
        **target.templates,
    }
    for variable, value in environment.items():
        if _SECRET in value and not variable.startswith(_SECRET):
            raise InvalidSettings(
                f"A setting of the warehouse holds '{_SECRET}', which dbt keeps for itself.",
                next_step="Use another name in warehouse.*.",
            )
    text = yaml.safe_dump({name: {"target": "kpi", "outputs": {"kpi": output}}})
    return DbtProfile(text, environment)


def secret_texts(value: Any) -> Iterator[str]:
    """Yields every text in `DbtTarget.secrets`."""
    if isinstance(value, Mapping):
        yield from secret_texts(list(value.values()))
    elif isinstance(value, list):
        for part in value:
            yield from secret_texts(part)
    elif value is not None:
        yield str(value)


def _named(value: Any, prefix: str, environment: dict[str, str]) -> Any:
    """`value` with a reference in the place of each text and number, which go to `environment`."""
    if isinstance(value, Mapping):
        start = prefix if prefix.endswith("_") else f"{prefix}_"
        return {key: _named(part, f"{start}{_variable(key)}", environment) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_named(part, f"{prefix}_{index}", environment) for index, part in enumerate(value)]
    if value is None:
        return None
    environment[prefix] = str(value)
    kind = {bool: " | as_bool", int: " | as_number", float: " | as_number"}.get(type(value), "")
    return f"{{{{ env_var('{prefix}'){kind} }}}}"


def _variable(key: str) -> str:
    return re.sub(r"[^A-Z0-9_]", "_", str(key).upper())
