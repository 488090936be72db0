"""Whether the dashboard database answers, asked so that no question waits for another."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from kpi_platform.dashboard.database import require_current_schema
from kpi_platform.domain.errors import Unavailable

_SECONDS = 3.0


class Readiness:
    """One question at a time goes to the database; requests meanwhile share its answer. Nobody waits
    longer than `seconds`."""

    def __init__(self, engine: sa.Engine, seconds: float = _SECONDS) -> None:
        self._engine = engine
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._asked: asyncio.Future[None] | None = None

    async def require(self) -> None:
        """Raises Unavailable if there is no answer in time, and what `require_current_schema` raises."""
        if self._asked is None or self._asked.done():
            loop = asyncio.get_running_loop()
            self._asked = loop.run_in_executor(self._thread, require_current_schema, self._engine)
        done, _ = await asyncio.wait([self._asked], timeout=self._seconds)
        if not done:
            raise Unavailable(
                f"The dashboard database did not answer within {self._seconds:g} seconds.",
                next_step="Look at its load.",
            )
        await self._asked

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
