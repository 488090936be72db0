"""Errors that a page shows in the place of what it could not find out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.web.errors import note_error
from kpi_platform.web.page import Page


@dataclass(slots=True)
class PageProblem:
    """The error that a block has ended with; None if it has not."""

    error: KpiPlatformError | None = None

    @property
    def status(self) -> int:
        """The HTTP status of the page."""
        return self.error.http_status if self.error else 200


@contextmanager
def shown_on(page: Page) -> Iterator[PageProblem]:
    """Keeps an error of the block for the page to show, and notes it for the log and the answer's headers."""
    problem = PageProblem()
    try:
        yield problem
    except KpiPlatformError as error:
        note_error(page.request, error)
        page.note(error)
        problem.error = error
