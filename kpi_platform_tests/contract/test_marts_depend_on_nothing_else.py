"""The marts do not depend on the order of rows, later rows, other customers, an earlier run."""

from collections.abc import Mapping, Sequence

import pytest

from kpi_platform_tests.contract.customers import LandedCustomer, four_customers
from kpi_platform_tests.contract.dirty_rows import AS_OFS
from kpi_platform_tests.contract.platform import Marts, Platform
from kpi_platform_tests.contract.random_customers import random_customers
from kpi_platform_tests.contract.variants import nameless, shuffled, without_the_future

AS_OF = AS_OFS[1]


@pytest.fixture(scope="module")
def originals(platform: Platform) -> Sequence[LandedCustomer]:
    return [*random_customers("properties", 1), *four_customers("properties")[3:]]


@pytest.fixture(scope="module")
def together(platform: Platform, originals: Sequence[LandedCustomer]) -> Mapping[str, Marts]:
    """The marts of the originals, of shuffled twins and of twins without a future, built in one batch."""
    landed = list(originals)
    for customer in originals:
        landed += [
            shuffled(customer, f"{customer.key}_shuffled"),
            without_the_future(customer, f"{customer.key}_past", AS_OF),
        ]
    platform.adopt(landed)
    return platform.compute(landed, AS_OF)


def test_the_order_of_rows_changes_nothing(
    together: Mapping[str, Marts], originals: Sequence[LandedCustomer]
) -> None:
    for customer in originals:
        assert nameless(together[f"{customer.key}_shuffled"]) == nameless(together[customer.key])


def test_rows_at_or_after_as_of_change_nothing(
    together: Mapping[str, Marts], originals: Sequence[LandedCustomer]
) -> None:
    # Under bookings the next renewal is one that will close.
    without = ("next_renewal_date",)
    for customer in originals:
        past = nameless(together[f"{customer.key}_past"], without=without)
        assert past == nameless(together[customer.key], without=without)


def test_a_customer_built_alone_and_again_gets_the_same_marts(
    platform: Platform, together: Mapping[str, Marts], originals: Sequence[LandedCustomer]
) -> None:
    first, *others = originals
    assert nameless(platform.compute([first], AS_OF)[first.key]) == nameless(together[first.key])
    for key, marts in platform.marts([other.key for other in others]).items():
        assert nameless(marts) == nameless(together[key])
