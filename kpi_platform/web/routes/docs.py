"""The page of the API: Swagger UI from its package, without anything inline, so that the policy holds."""

from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

router = APIRouter(include_in_schema=False)

_TYPES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kpi_platform API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main id="api"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""

_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
});
"""


@router.get("/docs")
def show_docs() -> HTMLResponse:
    return HTMLResponse(_PAGE)


@router.get("/docs/start.js")
def start_docs() -> Response:
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{name}")
def docs_file(name: Annotated[str, Path(max_length=100)]) -> Response:
    """Returns the files of Swagger UI that the page needs."""
    if name not in _TYPES:
        raise HTTPException(404)
    content = files("fastapi_swagger").joinpath("resources", name).read_bytes()
    cached = {"Cache-Control": "public, max-age=86400"}
    return Response(content, media_type=_TYPES[name], headers=cached)
