import random

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform_tests.faults.web_kills import Wild
from kpi_platform_tests.web.seeding import seed, seed_review


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_what_the_web_app_was_killed_in_is_done_as_a_whole_and_once(
    configuration: Configuration, sqlite_engine: sa.Engine, kills: int
) -> None:
    customer = seed(configuration, sqlite_engine, "acme", uploads=1)
    seed_review(customer)
    wild = Wild(customer, random.Random(kills))
    wild.kill(kills)
    assert wild.cut.total() > 0, "no request was cut off"
    if kills > 10:
        assert {kind for kind, done in wild.cut if not done} == {"settings", "sync", "match"}
