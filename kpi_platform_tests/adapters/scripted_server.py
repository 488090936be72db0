"""A real HTTP server that answers what a test has written down, one answer after another."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from kpi_platform_tests.http_server import serving
from kpi_platform_tests.local import recording


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    seconds_between_bytes: float = 0.0


@dataclass
class ScriptedServer:
    """`answers` are given in order, the last one again and again; `requests` are (method, path, body), and
    `headers` those of each request, by names in small letters."""

    url: str
    answers: list[Answer]
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def scripted(*answers: Answer) -> Iterator[ScriptedServer]:
    script = ScriptedServer("", list(answers))

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length).decode()
            is_form = "form-urlencoded" in self.headers.get("Content-Type", "")
            body = text if is_form else json.loads(text) if text else None
            script.requests.append((self.command, self.path, body))
            script.headers.append({name.lower(): value for name, value in self.headers.items()})
            path, _, query = self.path.partition("?")
            answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            client = self.headers.get("User-Agent", "")
            status = None if answer.hang_up else answer.status
            recording.record(client, self.command, path, query, text.encode(), status)
            if answer.hang_up:
                self.close_connection = True
                return
            payload = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(payload)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if not answer.seconds_between_bytes:
                self.wfile.write(payload)
                return
            with suppress(ConnectionError):  # The client has had enough.
                for byte in payload:
                    self.wfile.write(bytes([byte]))
                    time.sleep(answer.seconds_between_bytes)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            """Keeps the test's output clean."""

    with serving(Handler) as script.url:
        yield script
