"""A made-up page, added to a copy of the package as docs/extending.md says."""

from pathlib import Path

from kpi_platform_tests.recipes.tree import edited

_ROUTES = '''"""A page that greets."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from kpi_platform.web.page import CustomerPageDep

router = APIRouter(include_in_schema=False)


@router.get("/greeting")
def greet(page: CustomerPageDep) -> HTMLResponse:
    """Greets the customer."""
    return page.show("greeting.html")
'''

_TEMPLATE = """{% extends "base.html" %}
{% block title %}Greeting{% endblock %}
{% block main %}<h1>Hello, {{ customer.name }}</h1>{% endblock %}
"""


def with_greeting(copy: Path) -> None:
    """Adds the page `/greeting`: its module, its template, its line in the list of pages."""
    web = copy / "kpi_platform" / "web"
    (web / "routes" / "pages_greeting.py").write_text(_ROUTES)
    (web / "templates" / "greeting.html").write_text(_TEMPLATE)
    edited(
        web / "routes" / "pages.py",
        ("import (\n", "import (\n    pages_greeting,\n"),
        ("_PAGES = (\n", "_PAGES = (\n    pages_greeting,\n"),
    )
