import pytest

from kpi_platform.domain.errors import InvalidInput, NotFound
from kpi_platform.domain.find_account import AccountName, find_account
from kpi_platform.domain.record_links import record_links
from kpi_platform.domain.settings import CustomerSettings, parse_settings

ACCOUNTS = [
    AccountName("001000000000001AAA", "Müller  GmbH"),
    AccountName("001000000000002AAA", "Twin"),
    AccountName("001000000000003AAA", "twin"),
    AccountName("snow-only", None),
]


@pytest.mark.parametrize("text", ["001000000000001AAA", "001000000000001", "müller gmbh"])
def test_an_account_is_found_by_either_form_of_its_id_and_by_name(text: str) -> None:
    assert find_account(text, ACCOUNTS, "acme") == ACCOUNTS[0]


def test_an_id_that_is_no_salesforce_id_is_compared_whole() -> None:
    assert find_account("snow-only", ACCOUNTS, "acme") == ACCOUNTS[3]


def test_an_unknown_account_is_answered_with_similar_ones() -> None:
    with pytest.raises(NotFound, match="Müller"):
        find_account("Muller GmbH", ACCOUNTS, "acme")


def test_a_name_of_two_accounts_is_answered_with_their_ids() -> None:
    with pytest.raises(InvalidInput, match=r"001000000000002AAA, 001000000000003AAA"):
        find_account("TWIN", ACCOUNTS, "acme")


def test_records_are_linked_by_the_settings_of_their_source() -> None:
    settings = parse_settings(
        {
            "salesforce": {"instance_url": "https://acme.my.salesforce.com", "api_version": "v61.0"},
            "servicenow": {"instance_url": "https://acme.service-now.com"},
        }
    )
    case = record_links(settings, "salesforce.case", "500/1")
    assert case.page == "https://acme.my.salesforce.com/lightning/r/Case/500%2F1/view"
    assert case.api == "https://acme.my.salesforce.com/services/data/v61.0/sobjects/Case/500%2F1"
    incident = record_links(settings, "servicenow.incident", "ab")
    assert incident.page == "https://acme.service-now.com/incident.do?sys_id=ab"
    assert record_links(CustomerSettings(), "servicenow.incident", "ab").page is None
