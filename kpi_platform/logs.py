"""The log: lines for a person, or JSON for a collector (KPI_LOG_FORMAT), with ids of customer, run and
request."""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration

IDS = ("customer", "run_id", "request_id")

# Threads that handle a request share the mapping itself: when one of them finds out the customer, all later #
# lines have it.
_ids: ContextVar[MutableMapping[str, Any] | None] = ContextVar("kpi_platform_log_ids", default=None)


@contextmanager
def log_ids(**ids: str | None) -> Iterator[None]:
    """Adds these ids to everything that is logged in the block, besides those of the blocks around it."""
    token = _ids.set({**(_ids.get() or {}), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def note_id(name: str, value: str) -> None:
    """Adds an id to the innermost `log_ids`, if there is one."""
    known = _ids.get()
    if known is not None:
        known[name] = value


def configure_logs(configuration: Configuration, logger: str | None = None) -> None:
    """Sends a logger's lines (default: everybody's) to standard error, in the form and from the level that
    the environment says. Again, it replaces what it has set up before."""
    level = (configuration.get("KPI_LOG_LEVEL") or "INFO").upper()
    if level not in logging.getLevelNamesMapping():
        raise MissingConfiguration(
            f"KPI_LOG_LEVEL is '{level}', which is no level.",
            next_step="Use one of DEBUG, INFO, WARNING, ERROR.",
        )
    chosen = logging.getLogger(logger)
    for handler in [one for one in chosen.handlers if isinstance(one, _Handler)]:
        chosen.removeHandler(handler)
    handler = _Handler(sys.stderr)
    handler.setFormatter(_formatter(configuration.get("KPI_LOG_FORMAT") or "text"))
    chosen.addHandler(handler)
    chosen.setLevel(level)
    # Alembic logs at every start what kind of database it has found.
    logging.getLogger("alembic").setLevel(logging.WARNING)


class _Handler(logging.StreamHandler[Any]):
    """Our handler, so that it can be found among others."""


def _formatter(form: str) -> logging.Formatter:
    if form not in ("text", "json"):
        raise MissingConfiguration(
            f"KPI_LOG_FORMAT is '{form}'.", next_step="Set it to text or json, or leave it out."
        )
    as_json = form == "json"
    processors: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(IDS),
        _add_ids,
    ]
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        plain = structlog.dev.plain_traceback
        last += [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=plain)]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=processors, processors=last)


def _add_ids(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name, value in (_ids.get() or {}).items():
        if value is not None:
            event.setdefault(name, value)
    return event
