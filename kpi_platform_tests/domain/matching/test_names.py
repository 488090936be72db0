"""Company names in the form in which they are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.matching.names import parse_name
from kpi_platform_tests.domain.matching.whole_names import normalise_name


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Siemens Aktiengesellschaft", "siemens"),
        ("Open Joint Stock Company Gazprom", "gazprom"),
        ("OAO Gazprom", "gazprom"),
        ("FABERLIC EUROPE Sp. z o.o.", "faberlic europe"),
        ("Volkswagen Gesellschaft mit beschränkter Haftung", "volkswagen"),
        ("HSBC Holdings p.l.c.", "hsbc holdings"),
        ("Samsung Electronics Co., Ltd.", "samsung electronics"),
        ("S. Bosch GmbH & Co. KG", "s bosch"),
        ("BOSCH GMBH ROBERT", "bosch robert"),
        ("Société Générale S.A.", "societe generale"),
        ("N.V. Philips' Gloeilampenfabrieken", "philips gloeilampenfabrieken"),
    ],
)
def test_legal_forms_of_many_countries_fall_away(name: str, form: str) -> None:
    assert normalise_name(name) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Procter & Gamble", "The Procter and Gamble Company"),
        ("A. O. Smith", "A.O. Smith Corp."),
        ("J.P. Morgan", "J P Morgan"),
        ("Estée Lauder Companies (The)", "ESTEE LAUDER COMPANIES INC"),
        ("Lowe's", "LOWES INC"),
        ("ＡＣＭＥ　Ｌｔｄ", "Acme Ltd"),
        ("Муромский завод", "Muromskiy zavod"),
        ("First Bank Intl", "1st Bank International"),
        ("Blackstone Partners V L.P.", "Blackstone Partners 5"),
        ("World Health Organisation", "World Health Organization"),
        ("HORMEL FOODS CORP /DE/", "Hormel Foods"),
        ("DSM N.V., Heerlen, NL", "DSM"),
        ("Iron Mountain Incorporated (Delaware)", "Iron Mountain"),
        ("Hartford (The)", "The Hartford"),
        ("CRH PUBLIC LTD CO", "CRH plc"),
        ("Unifi, Inc. New", "UNIFI INC"),
        ("COSTCO WHOLESALE CORP /NEW", "Costco Wholesale"),
    ],
)
def test_spellings_of_one_name_have_one_form(one: str, other: str) -> None:
    assert normalise_name(one) == normalise_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme (Germany)", "Acme"),
        ("Alpha (2)", "Alpha"),
        ("United Bankshares", "United Bancorp"),
    ],
)
def test_what_tells_siblings_apart_stays(one: str, other: str) -> None:
    assert normalise_name(one) != normalise_name(other)


@pytest.mark.parametrize(
    ("name", "form"),
    [("Carnival Corporation", "corp"), ("CARNIVAL CORP", "corp"), ("Carnival plc", "plc"), ("Carnival", "")],
)
def test_the_legal_form_is_known_in_one_spelling(name: str, form: str) -> None:
    assert parse_name(name) == (["carnival"], form)


@pytest.mark.parametrize("name", ["The Limited", "Limited", "Company", "AG", "& Co", "The And"])
def test_a_name_of_nothing_but_legal_forms_keeps_words(name: str) -> None:
    assert normalise_name(name)


@pytest.mark.parametrize("name", ["", "  ", "???", "-", "...", ",,"])
def test_a_name_without_letters_and_digits_is_empty(name: str) -> None:
    assert normalise_name(name) == ""


@given(st.text(max_size=60))
def test_every_form_is_small_ascii_words_with_one_blank_between(name: str) -> None:
    form = normalise_name(name)
    assert form.isascii()
    assert form == form.lower()
    assert form == " ".join(form.split())
    assert all(word.isalnum() for word in form.split())


@given(st.from_regex(r"[A-Za-z0-9&.,' -]*[A-Za-z0-9][A-Za-z0-9&.,' -]*", fullmatch=True))
def test_no_name_with_a_letter_or_digit_becomes_empty(name: str) -> None:
    if any(len(word) > 0 for word in name.replace("&", " ").split()):
        assert normalise_name(name)


@given(st.text(alphabet="abcdefghij ", min_size=1, max_size=30))
def test_case_does_not_matter(name: str) -> None:
    assert normalise_name(name.upper()) == normalise_name(name)
