"""What a browser sees when something fails: a sentence, the navigation, the way to sign in and back."""

import re

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx import Response

from kpi_platform.dashboard import tables
from kpi_platform_tests.web.api.decisions import DECISIONS
from kpi_platform_tests.web.conftest import LOOPBACK, Web
from kpi_platform_tests.web.pages.test_pages import HTML, form_token

PART = {"HX-Request": "true", "Accept": "*/*", "HX-Current-URL": f"{LOOPBACK}/settings?section=update"}
PAGES = [route for route in DECISIONS if not route[1].startswith(("/api", "/docs", "/openapi", "/metrics"))]
GUARDED = [route for route in PAGES if DECISIONS[route] != "public"]


def called(client: TestClient, route: tuple[str, str], **headers: str) -> Response:
    method, pattern = route
    return client.request(method, re.sub(r"{[^}]*}", "1", pattern), headers=headers)


def sessions_end(web: Web) -> None:
    with web.engine.begin() as connection:
        connection.execute(sa.delete(tables.sessions))


@pytest.mark.parametrize("route", GUARDED, ids=" ".join)
def test_a_part_of_a_page_whose_session_has_ended_is_a_sentence_with_the_way_back(
    web: Web, route: tuple[str, str]
) -> None:
    answer = called(web.anonymous(), route, **PART)
    assert (answer.status_code, answer.headers["x-fragment"]) == (401, "true")
    assert "Your session has ended." in answer.text
    assert "/sign-in?next=%2Fsettings%3Fsection%3Dupdate" in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize("path", ["/accounts/4711", "/nowhere", "/uploads/77/diff", "/matches?offset=x"])
def test_errors_are_sentences_in_parts_and_pages_with_their_navigation(web: Web, path: str) -> None:
    browser = web.signed_in("acme")
    part = browser.get(path, headers=PART)
    assert part.status_code >= 400
    assert (part.headers["x-fragment"], 'role="alert"' in part.text, "<html" in part.text) == (
        "true",
        True,
        False,
    )
    page = browser.get(path, headers=HTML)
    assert (page.status_code, 'aria-label="Pages"' in page.text) == (part.status_code, True)
    assert "Acme Corporation" in page.text and "Bolt Works" not in page.text
    assert 'aria-label="Pages"' not in web.anonymous(**HTML).get("/nowhere").text


def test_an_error_over_a_form_leaves_the_form_as_it_is(web: Web) -> None:
    answer = web.signed_in("acme").post("/settings", headers={**PART, "HX-Target": "main"}, data={"x": "y"})
    headers = {name: answer.headers[name] for name in ("hx-retarget", "hx-reselect", "hx-reswap")}
    assert answer.status_code == 403
    assert headers == {"hx-retarget": "#problem", "hx-reselect": "unset", "hx-reswap": "innerHTML show:top"}


def test_a_page_that_was_asked_for_after_the_session_had_ended_says_so_and_leads_back(web: Web) -> None:
    browser = web.signed_in("acme")
    sessions_end(web)
    answer = browser.get("/uploads?offset=50", headers=HTML)
    assert answer.headers["location"] == "/sign-in?failed=ended&next=%2Fuploads%3Foffset%3D50"
    page = browser.get(answer.headers["location"], headers=HTML).text
    assert "Your session has ended" in page and 'value="/uploads?offset=50"' in page


def test_a_form_that_was_sent_after_the_session_had_ended_is_kept_through_signing_in(web: Web) -> None:
    browser = web.signed_in("acme")
    token = form_token(browser.get("/settings?section=update", headers=HTML).text)
    sessions_end(web)
    data = {"update.mode": '"replace"', "csrf_token": token}
    referer = {"Referer": f"{LOOPBACK}/settings?section=update"}
    asked = browser.post("/settings?section=update", data=data, headers={**HTML, **referer})
    assert (asked.status_code, token in asked.text) == (401, False)
    assert 'name="next" value="/settings?section=update"' in asked.text
    found = re.search(r'name="kept" value="([^"]*)"', asked.text)
    assert found is not None
    kept = found[1].replace("&#34;", '"')
    again = browser.post("/sign-in", data={"token": "kpi_no", "kept": kept})
    assert (again.status_code, found[1] in again.text) == (401, True)
    ready = browser.post("/sign-in", data={"token": web.token("acme"), "kept": kept})
    assert 'action="/settings?section=update"' in ready.text
    assert 'name="update.mode" value="&#34;replace&#34;"' in ready.text
    fresh = form_token(ready.text)
    assert (fresh == token, fresh.partition(".")[2]) == (False, "acme")
    assert browser.post("/settings?section=update", data={"csrf_token": fresh}).status_code == 200


def test_what_another_site_sends_is_not_kept(web: Web) -> None:
    foreign = {**HTML, "Origin": "https://evil.example"}
    answer = web.anonymous().post("/settings", data={"update.mode": "replace"}, headers=foreign)
    assert (answer.status_code, "replace" in answer.text) == (401, False)
    for kept in ('{"action": "//evil.example", "fields": [], "about": null}', "{", "[]"):
        answer = web.anonymous().post("/sign-in", data={"token": web.token("acme"), "kept": kept})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_form_stays_about_the_customer_of_its_page(web: Web) -> None:
    browser = web.signed_in()
    token = form_token(browser.get("/settings?customer=acme", headers=HTML).text)
    browser.get("/settings?customer=bolt", headers=HTML)
    saved = browser.post("/settings?section=update", data={"update.mode": "replace", "csrf_token": token})
    assert "Acme Corporation" in saved.text and "Saved as version 1" in saved.text
    other = web.signed_in("bolt")
    own = form_token(other.get("/settings", headers=HTML).text).partition(".")[0]
    refused = other.post("/settings?section=update", data={"csrf_token": f"{own}.acme"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
