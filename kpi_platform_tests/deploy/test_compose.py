"""The compose file: by the specification, with commands that exist and no secret of its own."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from kpi_platform.configuration import Configuration
from kpi_platform.defs.instance import instance_settings
from kpi_platform_tests.deploy.commands import problems

DEPLOY = Path(__file__).parents[2] / "deploy"
TEXT = (DEPLOY / "docker-compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_it_is_as_the_specification_says() -> None:
    schema = json.loads((Path(__file__).parent / "compose_spec" / "compose-spec.json").read_text())
    errors = [f"{list(one.path)}: {one.message}" for one in Draft7Validator(schema).iter_errors(COMPOSE)]
    assert errors == []


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres"}))
def test_commands_exist_with_their_options(name: str) -> None:
    service = SERVICES[name]
    assert problems(service["command"]) == []
    check = service.get("healthcheck", {}).get("test", ["CMD", "python"])
    assert problems(check[1:]) == []


def test_workers_of_celery_are_started_by_a_command_that_exists() -> None:
    text = (DEPLOY / "compose" / "celery.yaml").read_text().replace("!reset ", "")
    extra = yaml.safe_load(text)
    assert problems(extra["services"]["worker"]["command"]) == []
    assert set(extra["services"]) - {"rabbitmq", "worker"} < set(SERVICES)
    (config,) = yaml.safe_load((DEPLOY / "celery.yaml").read_text())["execution"].values()
    names = set(extra["x-celery"])
    assert {one["env"] for one in config.values()} == names
    launcher = instance_settings(Configuration.from_environment(dict.fromkeys(names, "x")))["run_launcher"]
    assert launcher["config"] == config


def test_services_wait_for_services_that_say_when_they_are_ready() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES, name
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"], (name, other)


def test_secrets_come_from_outside_and_a_missing_one_stops_the_start() -> None:
    used = dict(re.findall(r"\${(\w+)(:[?-])", TEXT))
    offered = {
        line.partition("=")[0] for line in (DEPLOY / "compose" / "env.example").read_text().splitlines()
    }
    for name, kind in used.items():
        assert kind == ":?" if "PASSWORD" in name or "KEY" in name else ":-", name
        assert kind == ":-" or name in offered
    example = (DEPLOY.parent / ".env.example").read_text()
    for name in filter(None, offered - {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD"}):
        assert name.startswith("#") or f"{name}=" in example, name


def test_the_sign_in_stands_before_dagster_and_takes_its_port() -> None:
    """Dagster's UI has none of its own."""
    text = (DEPLOY / "compose" / "sign_in.yaml").read_text()
    extra = yaml.safe_load(text.replace("!reset ", ""))["services"]
    assert set(extra) == {"webserver", "sign_in"}
    assert extra["webserver"] == {"ports": []}
    assert "ports: !reset []" in text
    proxy = extra["sign_in"]
    assert "--upstream=http://webserver:3000" in proxy["command"]
    assert proxy["ports"] == ["127.0.0.1:3000:4180"]
    assert proxy["read_only"] and proxy["cap_drop"] == ["ALL"]
    offered = (DEPLOY / "compose" / "env.example").read_text()
    for name in re.findall(r"\${(OIDC_\w+):\?", text):
        assert f"#{name}=" in offered


def test_no_service_may_gain_rights() -> None:
    for service in SERVICES.values():
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["cap_drop"] == ["ALL"]


def test_containers_may_change_nothing_but_their_volumes() -> None:
    for name in set(SERVICES) - {"postgres"}:
        service = SERVICES[name]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert not service.get("privileged")
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:")
