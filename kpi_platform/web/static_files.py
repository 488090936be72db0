"""The static files, each named by its content: a browser keeps one for a year, and asks for a changed one by
another name."""

import hashlib
import mimetypes
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

PREFIX = "/static/"
_FOLDER = Path(__file__).parent / "static"
_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}
_URL = re.compile(rb'url\("/static/([^"]+)"\)')

router = APIRouter(include_in_schema=False)


class _StaticFile(NamedTuple):
    content: bytes
    media_type: str


class _StaticFiles(NamedTuple):
    """Every file by the name in its address, and that name by the file's own, as `vendor/icon.svg`."""

    served: dict[str, _StaticFile]
    named: dict[str, str]


def static(name: str) -> str:
    """Returns the address of a static file. Raises KeyError if there is none."""
    return PREFIX + _files().named[name]


@router.head("/static/{name:path}")
@router.get("/static/{name:path}")
async def static_file(name: str) -> Response:
    """Serves a file by the name that its content gives it; no other name is known."""
    found = _files().served.get(name)
    if found is None:
        raise HTTPException(404)
    return Response(found.content, media_type=found.media_type, headers=_YEAR)


@cache
def _files() -> _StaticFiles:
    files = _StaticFiles({}, {})
    paths = [path for path in sorted(_FOLDER.rglob("*")) if path.is_file()]
    # Style sheets name other files, whose names have to be known.
    for path in sorted(paths, key=lambda path: path.suffix == ".css"):
        name, content = path.relative_to(_FOLDER).as_posix(), path.read_bytes()
        if path.suffix == ".css":
            content = _URL.sub(_renamed(files.named), content)
        digest = hashlib.sha256(content).hexdigest()[:12]
        files.named[name] = f"{name.removesuffix(path.suffix)}.{digest}{path.suffix}"
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        files.served[files.named[name]] = _StaticFile(content, media_type)
    return files


def _renamed(named: dict[str, str]) -> Callable[[re.Match[bytes]], bytes]:
    return lambda match: f'url("{PREFIX}{named[match[1].decode()]}")'.encode()
