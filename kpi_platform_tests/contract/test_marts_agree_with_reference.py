"""The marts of the platform against a second implementation of the contract, on data made to part them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from kpi_platform_tests.contract.comparison import disagreements, report
from kpi_platform_tests.contract.customers import LandedCustomer, four_customers
from kpi_platform_tests.contract.dirty_world import AS_OFS
from kpi_platform_tests.contract.platform import Platform
from kpi_platform_tests.contract.random_customers import random_customers
from kpi_platform_tests.contract.real_data import PACKAGE_SAMPLES_AS_OF, incident_log, package_samples
from kpi_platform_tests.contract.special_customers import special_customers

pytestmark = pytest.mark.xdist_group("contract")


@pytest.fixture(scope="module")
def main_customers(platform: Platform, shared: Path) -> Sequence[LandedCustomer]:
    """The four customers of the contract, others in random styles, and the real log."""
    landed = [
        *four_customers("four"),
        *random_customers("random", 8),
        incident_log(shared / "data", AS_OFS[0]),
    ]
    platform.adopt(landed)
    return landed


@pytest.fixture(scope="module")
def others(platform: Platform) -> Sequence[LandedCustomer]:
    """Changed settings, switched-off tables, missing fields, late syncs."""
    landed = special_customers("other")
    platform.adopt(landed)
    return landed


@pytest.mark.parametrize("as_of", AS_OFS, ids=str)
def test_every_mart_is_that_of_the_reference(
    platform: Platform, main_customers: Sequence[LandedCustomer], as_of: datetime
) -> None:
    found = disagreements(platform.built(main_customers, as_of), main_customers, as_of)
    assert not found, report(found)


def test_other_settings_and_missing_fields_give_the_marts_of_the_reference(
    platform: Platform, others: Sequence[LandedCustomer]
) -> None:
    found = disagreements(platform.built(others, AS_OFS[0]), others, AS_OFS[0])
    assert not found, report(found)


def test_the_unmodified_samples_of_fivetrans_packages_give_the_marts_of_the_reference(
    platform: Platform, shared: Path
) -> None:
    samples = [
        package_samples(shared / "data", typed=typed, revived=revived)
        for typed in (True, False)
        for revived in (False, True)
    ]
    platform.adopt(samples)
    found = disagreements(platform.built(samples, PACKAGE_SAMPLES_AS_OF), samples, PACKAGE_SAMPLES_AS_OF)
    assert not found, report(found)
