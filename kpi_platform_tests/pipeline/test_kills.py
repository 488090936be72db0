from pathlib import Path

import pytest

from kpi_platform_tests.pipeline.kills import PHASES, kill_loads


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_load_killed_in_any_phase_is_there_as_a_whole_or_not_at_all(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite:///{tmp_path / 'wild.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    killed = kill_loads(tmp_path, url, kills=5, size=40)
    assert all(killed[phase] for phase in PHASES)
