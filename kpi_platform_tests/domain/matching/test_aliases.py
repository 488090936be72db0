"""What a written name says besides the name."""

import pytest

from kpi_platform.domain.matching.aliases import read_name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Kirbo Ltd operating as Zelmo", ("Kirbo Ltd", "Zelmo")),
        ("Kirbo Ltd o/a Zelmo", ("Kirbo Ltd", "Zelmo")),
        ("Kirbo Ltd d/b/a Zelmo", ("Kirbo Ltd", "Zelmo")),
        ("Kirbo Inc. doing business as Zelmo Foods", ("Kirbo Inc.", "Zelmo Foods")),
        ("Kirbo Inc. (formerly known as Zelmo Inc.)", ("Kirbo Inc.", "Zelmo Inc.")),
        ("Kirbo, f/k/a Zelmo", ("Kirbo", "Zelmo")),
        ("Kirbo - A Division of Zelmo Inc.", ("Kirbo", "Zelmo Inc.")),
        ("Kirbo Foods c/o Lenmar LLP", ("Kirbo Foods",)),
        ("c/o Kirbo Foods", ("Kirbo Foods",)),
        ("Formerly Yours Clothing", ("Formerly Yours Clothing",)),
        ("Akao Trading", ("Akao Trading",)),
        ("???", ("???",)),
        ("", ("",)),
    ],
)
def test_other_names_of_a_holder_are_read_and_addressees_are_not(text: str, names: tuple[str, ...]) -> None:
    assert read_name(text).names == names


@pytest.mark.parametrize(
    ("text", "acronyms"),
    [
        ("Dutch Dairy Association (NZO)", ("nzo",)),
        ("NZO - Dutch Dairy Association", ("nzo",)),
        ("Dutch Dairy Association NZO", ("nzo",)),
        ("General Motors (GM)", ("gm",)),
        ("Kirbo (Canada) Inc.", ()),
        ("Kirbo Foods (GmbH)", ()),
        ("KIRBO FOODS AND STEEL", ()),
    ],
)
def test_an_acronym_is_the_names_own(text: str, acronyms: tuple[str, ...]) -> None:
    assert read_name(text).acronyms == acronyms


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", [" ", "(", "- ", "c/o ", "formerly ", "a/k/a ", "/", ", "])
def test_no_written_name_takes_long(part: str) -> None:
    assert read_name(f"Kirbo{part * 20_000}Zelmo").names[0]
