"""What pages weigh on their way, and whom they tell it."""

import re

import pytest

from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_pages import HTML

PAGES = ("/", "/accounts", "/settings", "/settings?section=kpi_mappings", "/matches", "/uploads")


def test_static_files_are_named_by_their_content_and_kept_for_a_year(web: Web) -> None:
    browser = web.signed_in("acme")
    page = browser.get("/", headers=HTML).text
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(named) >= 6
    for address in list(named):
        if ".css" in address:
            named += re.findall(r'url\("(/static/[^"]+)"\)', browser.get(address).text)
    assert sum(address.endswith(".woff2") for address in named) == 2
    for address in named:
        answer = browser.get(address)
        assert (answer.status_code, answer.headers["cache-control"]) == (
            200, "public, max-age=31536000, immutable",
        ), address  # fmt: skip
        assert browser.get(re.sub(r"\.[0-9a-f]{12}\.", ".", address)).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_says_what_it_said_is_not_sent_again(web: Web, path: str) -> None:
    browser = web.signed_in("acme")
    first = browser.get(path, headers=HTML)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = {"If-None-Match": first.headers["etag"]}
    again = browser.get(path, headers={**HTML, **tag})
    assert (again.status_code, again.content) == (304, b"")
    # Another session has other form tokens.
    assert web.signed_in("acme").get(path, headers={**HTML, **tag}).status_code == 200
    part = browser.get(path, headers={**HTML, **tag, "HX-Request": "true"})
    assert part.status_code == 200 or part.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    ("scheme", "site", "compressed"),
    [
        ("https", "same-origin", True),
        ("https", "none", True),
        ("https", "cross-site", False),
        ("https", "same-site", False),
        ("https", None, False),
        ("http", "cross-site", False),
        ("http", None, True),
    ],
)
def test_no_page_that_another_site_leads_to_shows_its_secrets_by_its_size(
    web: Web, scheme: str, site: str | None, compressed: bool
) -> None:
    browser = web.signed_in("acme")
    prefix = "__Host-" if scheme == "https" else ""
    cookies = [f"{prefix}{name}={value}" for name, value in browser.cookies.items()]
    browser.cookies.clear()
    headers = {**HTML, "Cookie": "; ".join(cookies)}
    if site is not None:
        headers["Sec-Fetch-Site"] = site
    answer = browser.get(f"{scheme}://127.0.0.1/settings", headers=headers)
    assert (answer.headers.get("content-encoding") == "gzip") == compressed


def test_answers_to_programs_are_compressed(web: Web) -> None:
    answer = web.client("acme").get("/api/fivetran/config")
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
