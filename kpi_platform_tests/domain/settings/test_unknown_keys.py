"""Keys that the settings do not have: named, and bounded in number and in time."""

import time

import pytest

from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import parse_settings


@pytest.mark.parametrize("section", ["", "kpi_mappings", "fivetran"])
def test_of_a_megabyte_of_unknown_keys_twenty_are_named_and_quickly(section: str) -> None:
    unknown = {f"sync_frequency_minute_{number:06}": number for number in range(30_000)}
    document = {section: unknown} if section else unknown
    started = time.process_time()
    with pytest.raises(InvalidSettings) as refused:
        parse_settings(document)
    # Far above what it takes: looking each of them up took minutes.
    assert time.process_time() - started < 2
    named = [one for one in refused.value.details["errors"] if "sync_frequency_minute_" in str(one)]
    assert len(named) == 20
