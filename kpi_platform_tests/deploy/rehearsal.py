"""Carries out the Dockerfile's steps without a container engine: in a fresh Debian root, stage by stage.

Needs root and debootstrap. What an engine adds (layers, cgroups, the network of a compose file) is not tried.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from kpi_platform_tests.deploy.dockerfile import PROJECT, Stage, stages

SUITE = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
PORT = 18080
_PASSED_ON = ("PIP_", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy")


def main() -> None:
    """Builds the roots of all stages, and starts the web app in the last one as the image's user."""
    folder = Path(mkdtemp(prefix="kpi-image-"))
    try:
        base = folder / "base"
        _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(base))
        (base / "usr/bin/python").symlink_to("python3")
        roots: dict[str, Path] = {}
        for number, stage in enumerate(stages()):
            root = folder / (stage.name or f"stage{number}")
            _run("cp", "-a", str(base), str(root))
            # As in every container; dbt's locks are there.
            (root / "dev/shm").mkdir(exist_ok=True)
            (root / "dev/shm").chmod(0o1777)
            roots[stage.name or ""] = root
            _build(stage, root, roots)
        size = sum(one.stat().st_size for one in root.rglob("*") if one.is_file() and not one.is_symlink())
        print(f"The image's root has {size / 1e6:,.0f} MB.")
        _try(stages()[-1], root)
    finally:
        _unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _unmount(folder: Path) -> None:
    """What debootstrap has mounted there must not be deleted with the folder."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in reversed(mounted):
        if Path(place).is_relative_to(folder):
            _run("umount", place)


def _build(stage: Stage, root: Path, roots: dict[str, Path]) -> None:
    surroundings: dict[str, str] = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    directory = "/"
    for one in stage.instructions:
        began = time.monotonic()
        if one.word == "WORKDIR":
            directory = one.rest
            (root / directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif one.word == "ENV":
            for word in one.parts:
                name, _, value = word.partition("=")
                surroundings[name] = value.replace("$PATH", surroundings["PATH"])
        elif one.word == "COPY":
            *sources, target = one.parts
            origin = PROJECT if one.source_stage is None else roots[one.source_stage]
            _copy([origin / source.lstrip("/") for source in sources], root, directory, target)
        elif one.word == "RUN":
            _in(root, directory, surroundings, ["sh", "-ec", one.rest])
        else:
            continue
        print(f"{one.word} {one.rest[:90]}  {time.monotonic() - began:.0f} s", flush=True)


def _copy(sources: list[Path], root: Path, directory: str, target: str) -> None:
    place = root / os.path.join(directory, target).lstrip("/")  # noqa: PTH118
    for source in sources:
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "target")
            shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        else:
            into_folder = target.endswith("/") or len(sources) > 1
            end = place / source.name if into_folder else place
            end.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, end)


def _try(stage: Stage, root: Path) -> None:
    """The image's own command and its health check, as its user, with nothing writable but its home."""
    surroundings: dict[str, str] = {"PATH": "/usr/bin:/bin"}
    for one in stage.named("ENV"):
        for word in one.parts:
            name, _, value = word.partition("=")
            surroundings[name] = value.replace("$PATH", surroundings["PATH"])
    (user,) = stage.named("USER")
    (command,) = stage.named("CMD")
    head = _chroot(root, stage.named("WORKDIR")[-1].rest, surroundings, user.rest)
    server = subprocess.Popen([*head, *command.parts, "--port", str(PORT)])
    try:
        answer = _ready(f"http://127.0.0.1:{PORT}/readyz", 120)
        print(f"As user {user.rest}: {answer}")
    finally:
        server.terminate()
        server.wait(30)
    _run(*head, "kpi-platform", "--version")
    _run(*head, "kpi-platform", "dagster-home")
    _run(*head, "dagster", "definitions", "validate", "-w", "workspace.yaml")


def _ready(url: str, seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with (
            suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(url, timeout=5) as found,
        ):
            return json.load(found)
        time.sleep(1)
    sys.exit(f"{url} was not ready within {seconds:.0f} seconds.")


def _chroot(root: Path, directory: str, surroundings: dict[str, str], user: str) -> list[str]:
    variables = [f"{name}={value}" for name, value in surroundings.items()]
    enter = ["chroot", f"--userspec={user}", str(root), "/usr/bin/env", "-i", *variables]
    return [*enter, "sh", "-c", f'cd {directory} && exec "$@"', "sh"]


def _in(root: Path, directory: str, surroundings: dict[str, str], command: list[str]) -> None:
    # Where packages come from is the machine's business, as with an engine's build.
    passed = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    for place in ("etc/pip.conf", "etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
        if (Path("/") / place).exists():
            (root / place).unlink(missing_ok=True)
            shutil.copy2(Path("/") / place, root / place)
    _run(*_chroot(root, directory, {**passed, **surroundings}, "0"), *command)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL if command[0] == "debootstrap" else None)


if __name__ == "__main__":
    main()
