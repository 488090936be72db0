"""Closes dbt's log file after an invocation; dbt itself forgets the open file when the next one begins."""

import logging


def close() -> None:
    log = logging.getLogger("file_log")
    for handler in list(log.handlers):
        handler.close()
        log.removeHandler(handler)
