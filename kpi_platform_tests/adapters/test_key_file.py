"""Keys are long, whole, and their owner's alone."""

import logging
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from kpi_platform.adapters.key_file import MAKE_A_KEY, installation_key
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration


def session_key(configuration: Configuration) -> bytes:
    return installation_key(configuration, "KPI_SESSION_KEY", "session_key")


@pytest.mark.parametrize("key", ["x", "x" * 31, f"x{' ' * 40}"])
def test_a_short_key_is_refused_with_the_command_that_makes_one(key: str) -> None:
    with pytest.raises(MissingConfiguration, match=r"KPI_SESSION_KEY holds a key of \d+ bytes") as refused:
        session_key(Configuration.from_environment({"KPI_SESSION_KEY": key}))
    assert MAKE_A_KEY in refused.value.next_step


def test_the_command_makes_a_key_that_is_taken() -> None:
    command = MAKE_A_KEY.replace("python3", sys.executable)
    made = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
    given = Configuration.from_environment({"KPI_SESSION_KEY": made})
    assert session_key(given) == made.encode()


def test_the_key_of_an_installation_is_made_once_whole_and_for_its_owner(
    configuration: Configuration,
) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = {found.result() for found in [threads.submit(session_key, configuration) for _ in range(8)]}
    (key,) = keys
    assert len(key) == 32
    file = configuration.home / "session_key"
    assert file.read_bytes() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {one.name for one in configuration.home.iterdir()} <= {"session_key", "session_key.lock"}


def test_an_empty_key_file_is_replaced_and_a_short_one_refused(
    configuration: Configuration, caplog: pytest.LogCaptureFixture
) -> None:
    file = configuration.home / "session_key"
    file.parent.mkdir()
    file.touch(0o644)
    with caplog.at_level(logging.WARNING):
        key = session_key(configuration)
    assert "was empty: it has a new key now" in caplog.text
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (key, 0o600)
    file.write_bytes(b"short")
    with pytest.raises(MissingConfiguration, match="a key of 5 bytes") as refused:
        session_key(configuration)
    assert "Delete the file" in refused.value.next_step
    assert file.read_bytes() == b"short"


def test_a_key_that_ends_in_white_space_bytes_is_as_long_as_any(configuration: Configuration) -> None:
    file = configuration.home / "session_key"
    file.parent.mkdir()
    file.write_bytes(b" " + b"k" * 30 + b"\n")
    assert len(session_key(configuration)) == 32


def test_a_key_file_that_cannot_be_read_is_named(configuration: Configuration) -> None:
    (configuration.home / "session_key").mkdir(parents=True)
    with pytest.raises(MissingConfiguration, match=r"session_key cannot be read: Is a directory"):
        session_key(configuration)
