"""A benchmark at an older commit: `make bench BEFORE=FOLDER`, a clone of it in which `make dev` ran.

The older program is measured by the benchmark of today, so this may use only what both have.
"""

import json
import os
import subprocess
from pathlib import Path

_CODE = """
import importlib.util, json, os, sys
from kpi_platform_tests import bench
# What this version does not have yet.
bench.__path__.append(os.path.dirname(sys.argv[1]))
spec = importlib.util.spec_from_file_location("measured", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(json.dumps(module.figures(*json.loads(sys.argv[2]))))
"""


def figures_before(file: str, *arguments: object) -> dict[str, float]:
    """Returns what `figures` of the benchmark in `file` measures of the older program; nothing if none is
    named."""
    folder = os.environ.get("BEFORE")
    if not folder:
        return {}
    old = Path(folder).resolve()
    # Its own folder comes first, so that its program is imported.
    environment = os.environ | {"PYTHONPATH": str(old)}
    command = [old / ".venv/bin/python", "-c", _CODE, str(Path(file).resolve()), json.dumps(arguments)]
    done = subprocess.run(command, cwd=old, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def beside(now: float, before: float | None) -> tuple[float | None, float | None]:
    """Returns the figure before, and how many times smaller it is now."""
    return before, before / now if before and now else None
