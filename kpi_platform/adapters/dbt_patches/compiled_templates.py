"""Compiles the Jinja of the project once for all processes of a user, as Python does with its modules.

dbt compiles each macro and model anew in every process: 0.7 s of processor time for a build.
"""

import hashlib
import marshal
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from dbt_common.clients.jinja import MacroFuzzEnvironment

from kpi_platform.adapters.checked_versions import are_checked

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

original: Callable[..., Any] = MacroFuzzEnvironment.compile

_FILE = "templates.marshal"

_sources: set[str] = set()
"""Texts of the project itself. Others are never written down: a statement may name a customer."""
_codes: dict[tuple[str, str], CodeType] = {}
"""What was compiled, by kind of environment and text."""
_written: dict[Path, int] = {}
"""How many of them a folder has."""


def apply() -> None:
    MacroFuzzEnvironment.compile = compile_once  # type: ignore[assignment, method-assign]


def compile_once(environment: Any, source: Any, *rest: Any, **options: Any) -> Any:
    """Returns the code that `original` makes of a text."""
    if rest or options or not isinstance(source, str) or source not in _sources:
        return original(environment, source, *rest, **options)
    key = type(environment).__name__, str(source)
    if key not in _codes:
        _codes[key] = original(environment, source)
    return _codes[key]


def load(manifest: "Manifest", folder: Path) -> None:
    """Takes what other processes compiled of this project, from the cache in `folder`."""
    if not are_checked("dbt-core", "dbt-common"):
        return
    _sources.update(macro.macro_sql for macro in manifest.macros.values())
    _sources.update(node.raw_code for node in manifest.nodes.values())
    if folder not in _written:
        found = {key: code for key, code in _read(folder / _FILE).items() if key[1] in _sources}
        _written[folder] = len(found)
        _codes.update(found)


def save(folder: Path) -> None:
    """Leaves for other processes what this one has compiled, if they lack some of it."""
    current = {key: code for key, code in _codes.items() if key[1] in _sources}
    if len(current) <= _written.get(folder, 0):
        return
    content = marshal.dumps(current)
    part = folder / f"{_FILE}.{os.getpid()}"
    # A build does not need it.
    with suppress(OSError):
        part.write_bytes(_digest(content) + content)
        part.replace(folder / _FILE)
        _written[folder] = len(current)


def _read(file: Path) -> dict[tuple[str, str], CodeType]:
    """Nothing if the file is missing, torn, or of other versions of Python and dbt."""
    try:
        content = file.read_bytes()
    except OSError:
        return {}
    digest, content = content[:32], content[32:]
    if digest != _digest(content):
        return {}
    # The user's own file, as a .pyc is.
    found: dict[tuple[str, str], CodeType] = marshal.loads(content)  # noqa: S302
    return found


def _digest(content: bytes) -> bytes:
    made_by = [sys.version, *map(version, ("jinja2", "dbt-core", "dbt-common"))]
    return hashlib.sha256("\n".join(made_by).encode() + content).digest()
