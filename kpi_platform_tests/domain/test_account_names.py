"""An account without a name goes by its id."""

import pytest

from kpi_platform.domain.account_names import shown_name


@pytest.mark.parametrize("blank", [None, "", "  ", "\t\n", "\u00a0", "\u200b"])
def test_an_account_without_anything_to_see_of_a_name_goes_by_its_id(blank: str | None) -> None:
    assert shown_name(blank, "001A") == "001A"


@pytest.mark.parametrize("name", ["Acme", " Acme", "株式会社", "!", "\u200bAcme"])
def test_a_name_stays_as_it_landed(name: str) -> None:
    assert shown_name(name, "001A") == name
