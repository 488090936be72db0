from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.pipeline.edit_settings import plan_edit

PATH = "error_handling.max_retries"


def retries(number: int) -> dict[str, Any]:
    return {"error_handling": {"max_retries": number}}


def test_a_question_that_is_asked_again_names_the_colleague_too(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    with sqlite_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        for who, number in (("Ann", 2), ("Bob", 7)):
            save_settings(connection, "acme", retries(number), who=who)
        first = plan_edit(configuration, connection, "acme", lambda _: retries(9), based_on=1)
        # The form shows version 2 now, and nothing was chosen.
        again = plan_edit(configuration, connection, "acme", lambda _: retries(9), 2, [PATH])
    for planned in (first, again):
        [clash] = planned.clashes
        assert (clash.path, planned.saved_by(PATH)) == (PATH, "Bob")
