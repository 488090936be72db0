"""Every setting changes something that can be seen: a setting without an effect is a defect."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import parse_settings, settings_leaves, settings_structures
from kpi_platform.local.server import running
from kpi_platform.pipeline.onboarding import WantedConnection, create_customer
from kpi_platform_tests.editors import OPERATOR
from kpi_platform_tests.settings_effects.dashboard import DASHBOARD_EFFECTS, board_with
from kpi_platform_tests.settings_effects.effect import Effect, merged
from kpi_platform_tests.settings_effects.kpi_effects import KPI_EFFECTS, LEDGER_EFFECTS, STANDARD_EFFECTS
from kpi_platform_tests.settings_effects.marts import LEDGER, RAW, STANDARD, compute
from kpi_platform_tests.settings_effects.requests import (
    REQUEST_EFFECTS,
    connect,
    dbt_told,
    fivetran_after,
    links_with,
    next_sync_after,
)
from kpi_platform_tests.settings_effects.runs import (
    RUN_EFFECTS,
    Yard,
    alerts_of_age,
    alerts_of_checks,
    alerts_of_crossing,
    digests_at_eight,
    failed_sync,
    receivers,
    recipients_of_checks,
)

SAMPLE = {"accounts": 3, "history_days": 5}
ONBOARDING = {"fivetran.group_id": Effect("onboarding", ("local", None), lambda group: group)}
EFFECTS: dict[str, Effect] = (
    KPI_EFFECTS
    | LEDGER_EFFECTS
    | STANDARD_EFFECTS
    | REQUEST_EFFECTS
    | DASHBOARD_EFFECTS
    | RUN_EFFECTS
    | ONBOARDING
)
LEAVES = {leaf.path: leaf for leaf in settings_leaves() if not leaf.read_only} | {
    one.path: one for one in settings_structures() if one.path != "custom_kpis"
}


def of(*benches: str) -> dict[str, Effect]:
    return {path: effect for path, effect in EFFECTS.items() if effect.bench in benches}


def without_effect(effects: dict[str, Effect], seen: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The settings whose two values show the same, and what they show."""
    shown: dict[str, Any] = {}
    known: dict[str, Any] = {}

    def look(document: dict[str, Any]) -> Any:
        # Most first documents only state defaults; equal settings are looked at once.
        key = _effective(document)
        if key not in known:
            known[key] = seen(document)
        return known[key]

    for path, effect in effects.items():
        first, second = (effect.seen(look(document)) for document in effect.documents(path))
        if first == second:
            shown[path] = first
    return shown


def _effective(document: dict[str, Any]) -> str:
    try:
        return str(parse_settings(document).document())
    except InvalidSettings:
        return str(document)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return Configuration.from_environment({"KPI_PLATFORM_HOME": str(tmp_path_factory.mktemp("effects"))})


@pytest.fixture(scope="module")
def fivetran(home: Configuration) -> Iterator[str]:
    with running(home, sample=SAMPLE) as url:
        yield url


@pytest.fixture(scope="module")
def engine(home: Configuration) -> Iterator[sa.Engine]:
    engine = open_engine(home.dashboard_database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def test_every_setting_has_an_effect_and_every_effect_a_setting() -> None:
    assert set(LEAVES) - set(EFFECTS) == set(), "settings without an effect that is looked for"
    assert set(EFFECTS) - set(LEAVES) == set(), "effects of settings that are not there"


@pytest.mark.parametrize(
    ("effects", "base"), [(KPI_EFFECTS, RAW), (LEDGER_EFFECTS, LEDGER), (STANDARD_EFFECTS, STANDARD)]
)
def test_what_is_computed_follows_the_settings(
    configuration: Configuration, effects: dict[str, Effect], base: dict[str, Any]
) -> None:
    computed = compute(configuration, effects, base)
    same = {
        path: effect.seen(computed["base"])
        for path, effect in effects.items()
        if effect.seen(computed["base"]) == effect.seen(computed[effect.customer])
    }
    assert same == {}


def test_fivetran_follows_the_settings(home: Configuration, fivetran: str) -> None:
    here = Configuration.from_environment({**home.environment, "FIVETRAN_API_URL": fivetran})
    with open_fivetran(here) as api:
        ids = connect(api, SAMPLE)
        assert without_effect(of("fivetran"), lambda document: fivetran_after(here, api, ids, document)) == {}


def test_a_new_connection_follows_the_settings(home: Configuration, engine: sa.Engine, fivetran: str) -> None:
    base = {**home.environment, "FIVETRAN_API_URL": fivetran}
    with open_fivetran(Configuration.from_environment(base)) as api:
        other = api.request("POST", "groups", json={"name": "other"}, repeatable=False)["id"]
        groups = {}
        for group in ("local", other):
            here = Configuration.from_environment({**base, "FIVETRAN_GROUP_ID": group})
            done = create_customer(
                here, engine, f"in_{group}", group, [WantedConnection("salesforce")],
                by=OPERATOR, redirect_uri="http://127.0.0.1/",
            )  # fmt: skip
            assert done is not None
            groups[group] = api.connection(done.sources[0].connection_id).group_id
    assert groups == {"local": "local", other: other}


def test_due_times_follow_the_settings() -> None:
    assert without_effect(of("due"), next_sync_after) == {}


def test_links_follow_the_settings() -> None:
    assert without_effect(of("links"), links_with) == {}


# What Snowflake's connector brings along warns of newer libraries.
@pytest.mark.filterwarnings("ignore:.*match a supported version")
def test_what_dbt_is_told_follows_the_settings() -> None:
    assert without_effect(of("warehouse"), dbt_told) == {}


def test_the_dashboard_follows_the_settings(home: Configuration, engine: sa.Engine) -> None:
    # What KPIs mean is seen of all at once: one load with all their settings changed.
    defined, single = {}, {}
    for path, effect in DASHBOARD_EFFECTS.items():
        (defined if effect.customer else single)[path] = effect
    boards = {"": board_with(home, engine, {})}
    for name in sorted({effect.customer for effect in defined.values()}):
        changed = [effect.documents(path)[1] for path, effect in defined.items() if effect.customer == name]
        boards[name] = board_with(home, engine, merged(*changed))
    same = {
        path: effect.seen(boards[""])
        for path, effect in defined.items()
        if effect.seen(boards[""]) == effect.seen(boards[effect.customer])
    }
    assert same == {}
    assert without_effect(single, lambda document: board_with(home, engine, document)) == {}


@pytest.mark.usefixtures("no_pauses")
def test_runs_and_alerts_follow_the_settings(home: Configuration, engine: sa.Engine) -> None:
    with receivers() as both:
        usual, other = both
        environment = {
            **home.environment, "ALERTS_HERE": usual.url, "ALERTS_THERE": other.url,
            "KPI_ALLOWED_HOSTS": "127.0.0.1",
            "FIVETRAN_API_URL": "http://127.0.0.1:9",
        }  # fmt: skip
        here = Configuration.from_environment(environment)
        yard = Yard(here, engine)
        assert without_effect(of("runs"), lambda document: failed_sync(yard, both, document)) == {}
        assert without_effect(of("stale"), lambda document: alerts_of_age(yard, both, document)) == {}
        crossing = without_effect(
            of("crossing"), lambda document: alerts_of_crossing(here, engine, both, document)
        )
        assert crossing == {}
        checks = without_effect(of("checks"), lambda document: alerts_of_checks(here, engine, both, document))
        assert checks == {}
        mails = without_effect(of("mails"), lambda document: recipients_of_checks(here, engine, document))
        assert mails == {}
        digests = without_effect(of("digests"), lambda document: digests_at_eight(here, engine, document))
        assert digests == {}
        told = alerts_of_checks(here, engine, both, {"alerts": {"webhook_url_secret": "ALERTS_HERE"}})
        assert told == ["first found a row.", "second found a row.", "first"]
        yard.instance.dispose()
