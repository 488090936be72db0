"""Checks the shape of project and profile once, when the project is parsed.

dbt checks them again at every invocation: it serialises them with all vars, and once a process it builds
their JSON schemas. Gains 0.45 s of processor time.
"""

from collections.abc import Callable
from typing import Any

from dbt.adapters.contracts.connection import Credentials
from dbt.config.runtime import RuntimeConfig
from dbt_common.dataclass_schema import dbtClassMixin

original_of_config: Callable[[RuntimeConfig], None] = RuntimeConfig.validate
original: Callable[[type[dbtClassMixin], Any], None] = dbtClassMixin.validate.__func__  # type: ignore[attr-defined]

_is_parsed = False
"""Whether the project of the invocation was parsed before."""


def apply(*, is_parsed: bool) -> None:
    """Leaves the checks out from now on if the project `is_parsed`."""
    global _is_parsed
    _is_parsed = is_parsed
    dbtClassMixin.validate = classmethod(_validate)  # type: ignore[assignment, method-assign]
    RuntimeConfig.validate = _validate_config  # type: ignore[method-assign]


def _validate(cls: type[dbtClassMixin], data: Any) -> None:
    of_project = cls.__module__ in ("dbt.contracts.project", "dbt.contracts.selection")
    if not (_is_parsed and (of_project or issubclass(cls, Credentials))):
        original(cls, data)


def _validate_config(config: RuntimeConfig) -> None:
    if not _is_parsed:
        original_of_config(config)
