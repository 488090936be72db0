"""Recurring revenue against a ledger that is written from the contract alone, on generated histories."""

from collections.abc import Mapping, Sequence

import pytest

from kpi_platform_tests.contract.comparison import disagreements, report
from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.contract.histories import LEDGER_AS_OF, histories
from kpi_platform_tests.contract.platform import Marts, Platform


@pytest.fixture(scope="module")
def customers() -> Sequence[LandedCustomer]:
    return histories("ledger", 24, accounts=20)


@pytest.fixture(scope="module")
def built(platform: Platform, customers: Sequence[LandedCustomer]) -> Mapping[str, Marts]:
    platform.adopt(customers)
    return platform.compute(customers, LEDGER_AS_OF)


def test_every_mart_of_a_history_is_that_of_the_reference(
    built: Mapping[str, Marts], customers: Sequence[LandedCustomer]
) -> None:
    found = disagreements(built, customers, LEDGER_AS_OF)
    assert not found, report(found)
