"""A profile gives dbt all values as data, also those that look like templates, at every type of
destination."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

from kpi_platform.adapters.dbt_profile import profile_of
from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import DbtTarget
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import WarehouseSettings, settings_leaves
from kpi_platform_tests.hostile import HOSTILE_TEXTS

pytestmark = pytest.mark.filterwarnings("ignore:urllib3")

TYPES = ("duckdb", "postgres", "redshift", "snowflake", "bigquery")
TEXTS = [
    leaf.path.partition(".")[2]
    for leaf in settings_leaves()
    # A host that looks like this is refused before it is in a profile: test_door.py.
    if leaf.section == "warehouse"
    and leaf.type == "text"
    and leaf.path not in ("warehouse.type", "warehouse.host")
]
PASSWORD, KEY = "KPI_SECRET_ACME_PASSWORD", "KPI_SECRET_ACME_KEY"


def target_of(home: Path, kind: str, text: str, field: str | None) -> DbtTarget:
    """The target with `text` in `field` of the section, or as the secret. The model would refuse many of
    them; what must hold does not rest on it."""
    secret = text if field is None else "plain"
    environment = {
        "KPI_PLATFORM_HOME": str(home), "KPI_ALLOWED_HOSTS": "x", PASSWORD: secret,
        KEY: json.dumps({"private_key": secret}),
    }  # fmt: skip
    configuration = Configuration.from_environment(environment)
    section: dict[str, Any] = dict.fromkeys(
        ("host", "database", "warehouse", "role", "project", "username"), "x"
    )
    section |= {"type": kind, "credentials_secret": KEY if kind == "bigquery" else PASSWORD, "port": 1234}
    if field not in (None, "credentials_secret"):
        section["schema_" if field == "schema" else field] = text
    warehouse = WarehouseSettings().model_copy(update=section)
    return open_destination(configuration, warehouse, CustomerSecrets(configuration, "acme")).dbt_target()


def rendered(target: DbtTarget) -> Mapping[str, Any]:
    """What dbt makes of the profile, with a key in the environment that a template could reach."""
    profile = profile_of("kpi", target)
    set_invocation_context({**profile.environment, "KPI_SESSION_KEY": "k3y-of-sessions"})
    raw = yaml.safe_load(profile.text)["kpi"]["outputs"]["kpi"]
    output: Mapping[str, Any] = ProfileRenderer({}).render_data(raw)
    return output


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_every_value_reaches_dbt_as_it_stands(tmp_path: Path, kind: str, text: str) -> None:
    for field in [None, *TEXTS]:
        target = target_of(tmp_path / "{{ 7*7 }}", kind, text, field)
        output = rendered(target)
        data = {**target.output, **target.secrets}
        assert {name: output[name] for name in data} == data, field
        assert set(output) - set(data) == set(target.templates)
        assert "k3y-of-sessions" not in str(output)


@pytest.mark.parametrize("kind", TYPES)
def test_no_value_stands_in_the_file(tmp_path: Path, kind: str) -> None:
    target = target_of(tmp_path, kind, "m4rk3r", None)
    values = [str(value) for value in _leaves({**target.output, **target.secrets})]
    profile = profile_of("kpi", target)
    written = yaml.safe_load(profile.text)["kpi"]["outputs"]["kpi"]
    references = [value for name, value in written.items() if name not in target.templates]
    assert "m4rk3r" not in profile.text + repr(profile) + repr(target)
    assert all(str(one).startswith("{{ env_var('") for one in _leaves(references) if one is not None)
    assert set(profile.environment.values()) == {value for value in values if value != "None"}


def test_a_text_that_dbt_would_take_for_a_secret_is_refused(tmp_path: Path) -> None:
    stolen = "$$$DBT_SECRET_START$$$DBT_ENV_SECRET_PASSWORD$$$DBT_SECRET_END$$$"
    target = target_of(tmp_path, "postgres", stolen, "username")
    with pytest.raises(InvalidSettings, match="DBT_ENV_SECRET_"):
        profile_of("kpi", target)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value
