"""Registrable domains of websites and e-mail addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.matching.domains import registrable_domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.shop.acme.co.uk/x?y=1#z", "acme.co.uk"),
        ("jo@acme.co.uk", "acme.co.uk"),
        ("Jo <jo@sales.acme.fr>", "acme.fr"),
        ("mailto:jo@acme.io?subject=hello", "acme.io"),
        ("ACME.com:8080", "acme.com"),
        ("http://user:secret@acme.de/path?q=a@b.com", "acme.de"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("www.acme.com.", "acme.com"),
    ],
)
def test_the_registrable_domain_is_found(text: str, domain: str) -> None:
    assert registrable_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        *("jo@gmail.com", "jo@yahoo.co.uk", "jo@gmx.de", "linkedin.com/company/acme", "acme.wordpress.com"),
        *("sedoparking.com", "jo@example.com"),
    ],
)
def test_free_mail_shared_hosts_and_parked_domains_say_nothing(text: str) -> None:
    assert registrable_domain(text) is None


@pytest.mark.parametrize("text", ["", " ", "n/a", "localhost", "10.0.0.1", "acme", "co.uk", "a..b", "@"])
def test_what_has_no_domain_gives_none(text: str) -> None:
    assert registrable_domain(text) is None


@given(st.text(max_size=40))
def test_any_text_gives_a_domain_of_itself_or_none(text: str) -> None:
    domain = registrable_domain(text)
    assert domain is None or registrable_domain(domain) == domain
