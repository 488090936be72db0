"""An installation whose web app gets the messages of its local Fivetran."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.cli.doctor_checks import CHECKS, Diagnosis
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.fivetran_account import fivetran_account
from kpi_platform.dashboard.fivetran_events import newest_event_at
from kpi_platform.web.app import create_app
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.defs.installation import Installation
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.serving import serving

A_DAY_IN = 0.5
"""So many seconds of ours are the day for which Fivetran tries a delivery again."""


@dataclass
class Wired:
    """An installation whose web app is served at its KPI_WEB_URL, and a webhook that posts to it."""

    installation: Installation
    web: Web
    webhook_id: str

    @property
    def shown(self) -> dict[str, Any]:
        with self.installation.engine.connect() as connection:
            return dict(fivetran_account(connection).webhook)

    def newest_sync_end(self) -> datetime | None:
        with self.installation.engine.connect() as connection:
            return newest_event_at(connection)

    def is_active(self) -> bool:
        with open_fivetran(self.installation.configuration) as api:
            return api.webhook(self.webhook_id).active

    def doctor(self) -> list[Diagnosis]:
        [check] = [check for name, check in CHECKS if name == "Fivetran"]
        return [one for one in check(self.installation.configuration) if one.check == "webhook"]

    def refuse_messages(self) -> None:
        """The web app takes no message any more, and Fivetran gives up after a day, which is over at once."""
        self.installation.control("PATCH", "behaviour", {"time_lapse": 24 * 3600 / A_DAY_IN})
        environment = {
            **self.installation.configuration.environment,
            "FIVETRAN_WEBHOOK_SECRET": "of another home",
        }
        self.web.app.state.configuration = Configuration.from_environment(environment)

    def take_messages(self) -> None:
        """The opposite of `refuse_messages`."""
        self.web.app.state.configuration = self.installation.configuration


@contextmanager
def wired_to_web(plain: Installation) -> Iterator[Wired]:
    """Serves the web app of `plain`, and makes its webhook."""
    plain.control("PATCH", "behaviour", {"loopback_webhooks": True})
    app = create_app(plain.configuration)
    try:
        with serving(app) as url:
            environment = {**plain.configuration.environment, "KPI_WEB_URL": url}
            configuration = Configuration.from_environment(environment)
            app.state.configuration = configuration
            made = run_command(configuration.home, "webhook", "create", "--json", **environment)
            assert made.exit_code == 0, made.output
            web = Web(app, configuration, plain.engine)
            yield Wired(replace(plain, configuration=configuration), web, json.loads(made.stdout)["id"])
    finally:
        app.state.engine.dispose()
