"""The marts of the platform against a second implementation of the contract, on data made to part them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from kpi_platform_tests.contract.comparison import disagreements, report
from kpi_platform_tests.contract.customers import LandedCustomer, four_customers
from kpi_platform_tests.contract.dirty_rows import AS_OFS
from kpi_platform_tests.contract.platform import Platform
from kpi_platform_tests.contract.random_customers import random_customers
from kpi_platform_tests.contract.real_data import PACKAGE_SAMPLES_AS_OF, incident_log, package_samples
from kpi_platform_tests.contract.special_customers import special_customers


@pytest.fixture(scope="module")
def customers(platform: Platform, shared: Path) -> Mapping[datetime, Sequence[LandedCustomer]]:
    """The customers of each as_of: always the four of the contract; then others in random styles; then the
    real log, and those with special settings and gaps."""
    four = four_customers("four")
    more = [*four, *random_customers("fourth", 6)]
    all_of_them = [*more, incident_log(shared / "data", AS_OFS[0]), *special_customers("special")]
    platform.adopt(all_of_them)
    return dict(zip(AS_OFS, (all_of_them, more, four), strict=True))


@pytest.mark.parametrize("as_of", AS_OFS, ids=str)
def test_every_mart_is_that_of_the_reference(
    platform: Platform, customers: Mapping[datetime, Sequence[LandedCustomer]], as_of: datetime
) -> None:
    # The data tests see those in random styles once: of all, their SQL takes a minute to plan.
    made = (platform.build if as_of == AS_OFS[1] else platform.compute)(customers[as_of], as_of)
    found = disagreements(made, customers[as_of], as_of)
    assert not found, report(found)


def test_the_unmodified_samples_of_fivetrans_packages_give_the_marts_of_the_reference(
    platform: Platform, shared: Path
) -> None:
    samples = [
        package_samples(shared / "data", typed=False, revived=False),
        package_samples(shared / "data", typed=True, revived=True),
    ]
    platform.adopt(samples)
    found = disagreements(platform.compute(samples, PACKAGE_SAMPLES_AS_OF), samples, PACKAGE_SAMPLES_AS_OF)
    assert not found, report(found)
