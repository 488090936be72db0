"""Copies of the package on which recipes of docs/extending.md are followed, and programs that run on one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kpi_platform

_ROOT = Path(kpi_platform.__file__).parents[1]
_MADE = shutil.ignore_patterns("__pycache__", "target", "logs", "dbt_packages", ".user.yml")


def copied(folder: Path, *names: str) -> Path:
    """Copies these folders of the checkout. Returns `folder`, to be put in front of sys.path."""
    for name in names:
        shutil.copytree(_ROOT / name, folder / name, ignore=_MADE)
    return folder


def edited(file: Path, *parts: tuple[str, str], end: str = "") -> None:
    """Replaces parts of the file, each once, and adds `end`."""
    text = file.read_text(encoding="utf-8")
    for old, new in parts:
        assert old in text, f"{file.name} has no {old!r} any more: correct the recipe, and docs/extending.md"
        text = text.replace(old, new, 1)
    file.write_text(text + end, encoding="utf-8")


def run(copy: Path, program: Path, *arguments: str) -> dict[str, Any]:
    """What the program prints as JSON, run on the copy; its first argument is the copy."""
    done = subprocess.run(
        [sys.executable, str(program), str(copy), *arguments],
        capture_output=True, text=True, timeout=560, cwd=copy,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-5000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
