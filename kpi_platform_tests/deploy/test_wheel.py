"""The wheel, built from the source distribution as a package registry would get it."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from kpi_platform_tests.ports import free_port

PROJECT = Path(__file__).parents[2]
_NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "target", "logs", "dbt_packages", ".user.yml")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in the checkout, in a folder that a build may write to."""
    folder = tmp_path_factory.mktemp("wheel") / "checkout"
    for name in ("kpi_platform", "dbt"):
        shutil.copytree(PROJECT / name, folder / name, ignore=_NOT_SHIPPED)
    for name in ("pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in", "README.md"):
        shutil.copy(PROJECT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(sources: Path) -> Path:
    built = sources.parent / "built"
    _build("sdist", sources, built)
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as members:
        members.extractall(built / "unpacked", filter="data")
    [unpacked] = (built / "unpacked").iterdir()
    _build("wheel", unpacked, built)
    [wheel] = built.glob("*.whl")
    return wheel


def test_the_wheel_holds_every_file_of_the_package_and_of_the_dbt_project(wheel: Path, sources: Path) -> None:
    with zipfile.ZipFile(wheel) as members:
        shipped = {name for name in members.namelist() if ".dist-info/" not in name}
    package = {f"kpi_platform/{one}" for one in _files(sources / "kpi_platform")}
    project = {f"kpi_platform/dbt/{one}" for one in _files(sources / "dbt")}
    assert len(project) > 100
    assert shipped == package | project


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_runs_from_a_wheel_without_a_checkout(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    venv.create(place, with_pip=False)
    [packages] = place.glob("lib/*/site-packages")
    install = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python"]
    installed = _run([*install, place / "bin" / "python", wheel], tmp_path, dict(os.environ))
    assert installed.returncode == 0, installed.stderr
    # The dependencies are those of this environment, without the project that it has installed in place: a
    # path in a .pth file is searched, but .pth files inside it are not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    environment = {
        "HOME": str(tmp_path),
        "COLUMNS": "160",
        "PATH": os.environ["PATH"],
        "KPI_PLATFORM_HOME": str(tmp_path / "home"),
        "KPI_LOCAL_FIVETRAN_PORT": str(free_port()),
    }

    ran = _run([place / "bin" / "kpi-platform", "demo", "--no-history"], tmp_path, environment)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Net Revenue Retention" in ran.stdout


def _build(kind: str, folder: Path, into: Path) -> None:
    into.mkdir(exist_ok=True)
    script = f"from setuptools.build_meta import build_{kind}; build_{kind}({str(into)!r})"
    ran = _run([sys.executable, "-W", "ignore", "-c", script], folder, dict(os.environ))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _files(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def _run(
    command: Sequence[str | Path], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=550, check=False
    )
