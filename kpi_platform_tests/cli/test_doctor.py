"""`kpi-platform doctor` goes on if a check raises."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpi_platform.cli import doctor
from kpi_platform.cli.doctor_checks import Diagnosis
from kpi_platform.configuration import Configuration
from kpi_platform_tests.cli.commands import run_command


def _broken(_: Configuration) -> Iterator[Diagnosis]:
    yield Diagnosis("first", "ok", "seen")
    raise ZeroDivisionError("by [nothing]")


def _last(_: Configuration) -> Iterator[Diagnosis]:
    yield Diagnosis("last", "ok", "seen")


def test_an_error_that_nobody_expected_is_a_finding_with_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (("broken", _broken), ("last", _last)))
    answer = run_command(tmp_path, "doctor", "--json")
    assert answer.exit_code == 1
    first, broken, last = json.loads(answer.stdout)
    assert (first["verdict"], last["verdict"]) == ("ok", "ok")
    assert (broken["check"], broken["verdict"]) == ("broken", "failed")
    assert broken["detail"] == "ZeroDivisionError: by [nothing]"
    log = tmp_path / "logs" / "doctor.log"
    assert str(log) in broken["next_step"]
    assert "_broken" in log.read_text()
    assert "by [nothing]" in run_command(tmp_path, "doctor").stdout


def test_a_variable_that_is_malformed_is_a_finding(tmp_path: Path) -> None:
    answer = run_command(tmp_path, "doctor", "--json", FIVETRAN_API_URL="ftp://example.com")
    (finding,) = json.loads(answer.stdout)
    assert (answer.exit_code, finding["verdict"]) == (1, "failed")
    assert "FIVETRAN_API_URL" in finding["detail"]


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("not a folder")
    answer = run_command(home, "doctor", "--json")
    findings = {one["check"]: one for one in json.loads(answer.stdout)}
    assert answer.exit_code == 1
    assert f"{home} is a file" in findings["home"]["detail"]
    assert findings["home"]["next_step"]
