"""The web app on a free port, as `kpi-platform web` serves it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from kpi_platform.web.server import server_options


@contextmanager
def serving(app: FastAPI, **changes: Any) -> Iterator[str]:
    """The address; `changes` to how uvicorn serves."""
    options = {**server_options(app.state.configuration), "timeout_graceful_shutdown": 1, **changes}
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        server = uvicorn.Server(uvicorn.Config(app, **options))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
