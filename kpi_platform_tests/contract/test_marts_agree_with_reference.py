"""The marts of the platform against a second implementation of the contract, on data made to part them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from kpi_platform_tests.contract.comparison import differences, report
from kpi_platform_tests.contract.customers import (
    LandedCustomer,
    customers_with_other_settings,
    four_customers,
)
from kpi_platform_tests.contract.dirty_world import AS_OFS
from kpi_platform_tests.contract.platform import Platform
from kpi_platform_tests.contract.random_customers import random_customers
from kpi_platform_tests.contract.real_data import (
    INCIDENT_LOG_AS_OFS,
    PACKAGE_SAMPLES_AS_OFS,
    incident_log,
    package_samples,
)
from kpi_platform_tests.reference.marts import compute_marts

pytestmark = pytest.mark.xdist_group("contract")


def _disagreements(
    platform: Platform, customers: Sequence[LandedCustomer], as_ofs: Sequence[datetime]
) -> list[str]:
    platform.adopt(customers)
    return [
        f"{as_of.isoformat()} {line}"
        for as_of in as_ofs
        for built in [platform.built(customers, as_of)]
        for customer in customers
        for line in differences(built[customer.key], compute_marts(customer.as_reference(), as_of))
    ]


@pytest.mark.parametrize("seed", ["first", "second"])
def test_the_four_customers_of_the_contract_get_the_values_of_the_reference(
    platform: Platform, seed: str
) -> None:
    found = _disagreements(platform, four_customers(seed), AS_OFS)
    assert not found, report(found)


def test_changed_settings_give_the_values_of_the_reference(platform: Platform) -> None:
    found = _disagreements(platform, customers_with_other_settings("settings"), AS_OFS[:2])
    assert not found, report(found)


def test_customers_in_random_styles_get_the_values_of_the_reference(platform: Platform) -> None:
    found = _disagreements(platform, random_customers("styles", 30), AS_OFS[:2])
    assert not found, report(found)


def test_all_incidents_of_the_real_log_give_the_values_of_the_reference(
    platform: Platform, shared: Path
) -> None:
    found = _disagreements(platform, [incident_log(shared / "data")], INCIDENT_LOG_AS_OFS)
    assert not found, report(found)


def test_the_unmodified_samples_of_fivetrans_packages_give_the_values_of_the_reference(
    platform: Platform, shared: Path
) -> None:
    samples = [
        package_samples(shared / "data", typed=typed, revived=revived)
        for typed in (True, False)
        for revived in (False, True)
    ]
    found = _disagreements(platform, samples, PACKAGE_SAMPLES_AS_OFS)
    assert not found, report(found)
