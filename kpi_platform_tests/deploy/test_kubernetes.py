"""The values for Dagster's chart: by its schema, and in step with what we use elsewhere."""

import json
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from kpi_platform.configuration import Configuration
from kpi_platform.defs.instance import instance_settings
from kpi_platform_tests.deploy.commands import problems

CHART = Path(__file__).parent / "dagster_chart"
KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
VALUES: dict[str, Any] = yaml.safe_load((KUBERNETES / "values.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all((KUBERNETES / "web.yaml").read_text()))


def merged(defaults: Any, ours: Any) -> Any:
    """As Helm merges: mappings by key, everything else replaced."""
    if isinstance(defaults, dict) and isinstance(ours, dict):
        return defaults | {key: merged(defaults.get(key), value) for key, value in ours.items()}
    return ours


def test_values_are_as_the_chart_wants_them() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = merged(json.loads((CHART / "values.json").read_text()), VALUES)
    values.pop("pipelineRun", None)
    for extra in set(values) - set(schema["properties"]):
        values.pop(extra)
        assert extra not in VALUES, f"the chart knows no {extra}"
    errors = [f"{list(one.path)}: {one.message}" for one in Draft202012Validator(schema).iter_errors(values)]
    assert errors == []


def test_a_value_that_the_chart_does_not_know_is_noticed() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    defaults = json.loads((CHART / "values.json").read_text())
    wrong = merged(defaults, merged(VALUES, {"runLauncher": {"type": "SlurmRunLauncher"}}))
    assert not Draft202012Validator(schema).is_valid(wrong)


def test_concurrency_is_that_of_other_installations(configuration: Configuration) -> None:
    ours = instance_settings(configuration)["concurrency"]
    theirs = VALUES["concurrency"]
    assert theirs["pools"]["granularity"] == ours["pools"]["granularity"]
    (limit,) = theirs["runs"]["tagConcurrencyLimits"]
    (expected,) = ours["runs"]["tag_concurrency_limits"]
    assert limit == expected


def test_commands_exist_with_their_options() -> None:
    arguments = VALUES["dagster-user-deployments"]["deployments"][0]["codeServerArgs"]
    assert problems(["dagster", "code-server", "start", *arguments]) == []
    for manifest in MANIFESTS:
        for container in containers(manifest):
            assert problems(container.get("command", ["python"])) == []


def containers(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        manifest.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    )
    return found


def test_secrets_are_references_and_nothing_runs_as_root() -> None:
    for text in (KUBERNETES / "values.yaml", KUBERNETES / "web.yaml"):
        assert "password:" not in text.read_text().lower()
    assert VALUES["generatePostgresqlPasswordSecret"] is False
    code = VALUES["dagster-user-deployments"]["deployments"][0]
    launcher = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
    for place in (code, VALUES["dagsterDaemon"], VALUES["dagsterWebserver"], launcher):
        assert place["envSecrets"] == [{"name": "kpi-platform"}]
        assert place["securityContext"]["allowPrivilegeEscalation"] is False
    pods = [code["podSecurityContext"], launcher["runK8sConfig"]["podSpecConfig"]["securityContext"]]
    for manifest in MANIFESTS:
        if containers(manifest):
            pods.append(manifest["spec"]["template"]["spec"]["securityContext"])
    assert all(pod["runAsNonRoot"] for pod in pods)


def test_one_image_of_one_version_is_used_everywhere() -> None:
    image = VALUES["dagsterDaemon"]["image"]
    named = {one["image"] for manifest in MANIFESTS for one in containers(manifest)}
    assert named == {f"{image['repository']}:{image['tag']}"}
