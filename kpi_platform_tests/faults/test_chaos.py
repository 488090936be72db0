"""The short form of `make chaos`: as many faults as fit in half a minute."""

from pathlib import Path

import pytest

from kpi_platform_tests.faults.chaos import chaos

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_after_random_faults_the_dashboard_is_that_of_an_undisturbed_twin(tmp_path: Path) -> None:
    wild = chaos(tmp_path, seconds=20, seed=7)
    assert wild.happened.total() >= 1
