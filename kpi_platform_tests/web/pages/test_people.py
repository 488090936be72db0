"""People and tokens: who manages whom, and what ends when."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from kpi_platform_tests.web.conftest import LOOPBACK, Web


def invite(client: TestClient, **more: Any) -> dict[str, Any]:
    body = {"name": "Ada Fields", "email": "Ada@Example.com", "scope": "write", **more}
    answer = client.post("/api/people", json=body)
    assert answer.status_code == 201, answer.text
    done: dict[str, Any] = answer.json()
    return done


def follow(web: Web, link: str) -> TestClient:
    browser = web.anonymous()
    browser.get(re.sub(r"^https?://[^/]+", LOOPBACK, link), headers={"Sec-Fetch-Site": "none"})
    return browser


def may_write(browser: TestClient) -> bool:
    return 'action="/runs/sync"' in browser.get("/runs").text


def test_an_invited_person_signs_in_once_and_is_named_in_what_they_do(web: Web) -> None:
    admin = web.client("acme", "admin")
    done = invite(admin)
    assert (done["person"]["email"], done["person"]["customer"]) == ("ada@example.com", "acme")
    browser = follow(web, done["link"])
    assert "Signed in as Ada Fields" in browser.get("/runs").text
    assert follow(web, done["link"]).get("/runs").status_code != 200
    [ada] = admin.get("/api/people").json()
    assert (ada["sessions"], ada["tokens"]) == (1, 0)
    assert admin.get("/api/tokens").json()[0]["person"] is None, "her session is no token"


def test_a_role_that_changes_holds_at_once_and_a_removed_person_is_out(web: Web) -> None:
    admin = web.client("acme", "admin")
    done = invite(admin)
    person = f"/api/people/{done['person']['id']}"
    browser = follow(web, done["link"])
    body = {"name": "export", "person_id": done["person"]["id"], "scope": "write"}
    program = web.anonymous(Authorization=f"Bearer {admin.post('/api/tokens', json=body).json()['text']}")
    assert may_write(browser)
    assert admin.put(f"{person}/role", json={"scope": "read"}).json()["scope"] == "read"
    assert not may_write(browser)
    assert program.post("/api/fivetran/sync", json={}).status_code == 403
    admin.put(f"{person}/role", json={"scope": "admin"})
    assert browser.get("/people").status_code == 200
    assert program.get("/api/people").status_code == 403, "a token never gains more than it was made with"

    assert admin.post(f"{person}/sign-out").status_code == 204
    assert browser.get("/runs").status_code == 401
    assert program.get("/api/uploads").status_code == 200
    again = follow(web, admin.post(f"{person}/link").json()["link"])
    assert admin.delete(person).status_code == 204
    assert again.get("/runs").status_code == 401
    assert program.get("/api/uploads").status_code == 401
    assert admin.get("/api/people").json() == []
    assert admin.post(f"{person}/link").status_code == 404


def test_a_customers_administrator_sees_and_makes_nothing_beyond_the_customer(web: Web) -> None:
    operator = web.client(None, "admin")
    others = invite(operator, customer="bolt"), invite(operator, email="op@example.com")
    token = operator.post("/api/tokens", json={"name": "all", "scope": "admin"}).json()["token"]
    admin = web.client("acme", "admin")
    invite(admin)
    assert [one["customer"] for one in admin.get("/api/people").json()] == ["acme"]
    assert {one["customer"] for one in admin.get("/api/tokens").json()} == {"acme"}
    assert [one["customer"] for one in operator.get("/api/people").json()] == [None, "acme", "bolt"]
    for other in others:
        path = f"/api/people/{other['person']['id']}"
        assert admin.delete(path).status_code == 404
        assert admin.put(f"{path}/role", json={"scope": "read"}).status_code == 404
        assert admin.post(f"{path}/link").status_code == 404
        made = admin.post("/api/tokens", json={"name": "x", "person_id": other["person"]["id"]})
        assert made.status_code == 404
    assert admin.delete(f"/api/tokens/{token['id']}").status_code == 404
    person, program = (
        {"name": "x", "email": "x@example.com", "customer": "bolt"},
        {"name": "x", "customer": "bolt"},
    )
    assert admin.post("/api/people", json=person).status_code == 403
    assert admin.post("/api/tokens", json=program).status_code == 403
    assert web.client("acme", "write").get("/people").status_code == 403


def test_nobody_locks_themselves_out(web: Web) -> None:
    operator = web.client(None, "admin")
    done = invite(operator, scope="admin")
    browser = follow(web, done["link"])
    form = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/people").text)
    assert form is not None
    for action, more in (("remove", {}), ("role", {"scope": "read"})):
        sent = {"csrf_token": form[1], **more}
        answer = browser.post(f"/people/{done['person']['id']}/{action}", data=sent)
        assert answer.status_code == 409
        assert "Ask another administrator." in answer.text
    mine = operator.get("/api/tokens").json()[0]
    assert operator.delete(f"/api/tokens/{mine['id']}").status_code == 409


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "", "email": "x@example.com"}, "Name must be given"),
        ({"name": "Ada", "email": "ada"}, "E-mail address is no e-mail address"),
    ],
)
def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(
    web: Web, given: dict[str, str], words: str
) -> None:
    answer = web.client("acme", "admin").post("/people", data=given)
    assert answer.status_code == 400
    assert words in answer.text
    assert f'value="{given["email"]}"' in answer.text


def test_the_page_shows_a_link_and_a_token_once(web: Web) -> None:
    admin = web.client("acme", "admin")
    invited = admin.post("/people", data={"name": "Ada", "email": "ada@example.com", "scope": "read"})
    assert "/sign-in/link?key=" in invited.text
    created = admin.post("/people/tokens", data={"name": "export", "scope": "read", "days": "30"})
    assert "<code>kpi_" in created.text
    page = admin.get("/people").text
    assert "Ada" in page
    assert "export" in page
    assert "/sign-in/link?key=" not in page
    assert "<code>kpi_" not in page
    assert admin.post("/people", data={"name": "Ada", "email": "ADA@example.com"}).status_code == 409
