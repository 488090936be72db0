"""The dashboard database as commands use it."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kpi_platform.configuration import Configuration

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kpi_platform.domain.settings import Editor


@contextmanager
def dashboard(configuration: Configuration) -> "Iterator[sa.Engine]":
    """Returns the dashboard database with this program's schema, which is made if the database is empty."""
    from kpi_platform.dashboard.database import create_or_require, open_dashboard

    engine = open_dashboard(configuration)
    try:
        create_or_require(engine)
        yield engine
    finally:
        engine.dispose()


def editor() -> "Editor":
    """Returns the user of the command as an editor of settings: the command line is the operator."""
    from kpi_platform.domain.settings import Editor

    return Editor(who(), operator=True)


def who() -> str:
    """Returns the name under which versions and the audit trail know the user of the command."""
    user = os.getuid()
    try:
        return f"{pwd.getpwuid(user).pw_name} (command line)"
    except KeyError:
        return f"user {user} (command line)"
