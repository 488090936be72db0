"""Starts the BigQuery emulator in an environment of its own, beside ours and made once."""

import hashlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from filelock import FileLock

_HERE = Path(__file__).parent
_LOCK = _HERE / "crucible.lock"


@contextmanager
def bigquery_emulator() -> Iterator[int]:
    """The port of a running, empty emulator."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = subprocess.Popen([_interpreter(), _HERE / "crucible_server.py", str(port)])
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _interpreter() -> Path:
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]
    home = Path(sys.prefix) / f"crucible-{digest}"
    python, made = home / "bin" / "python", home / "made"
    uv = [Path(sys.prefix) / "bin" / "uv", "--system-certs", "--quiet"]
    with FileLock(f"{home}.lock"):
        if not made.exists():
            subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, home], check=True)
            subprocess.run([*uv, "pip", "install", "--python", python, "-r", _LOCK], check=True)
            made.touch()
    return python


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/_crucible/health").raise_for_status()
            return
        except httpx.TransportError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
