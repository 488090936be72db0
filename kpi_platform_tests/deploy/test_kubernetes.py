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
SIGN_IN: list[dict[str, Any]] = list(yaml.safe_load_all((KUBERNETES / "dagster_sign_in.yaml").read_text()))
POLICIES: list[dict[str, Any]] = list(yaml.safe_load_all((KUBERNETES / "network.yaml").read_text()))
CODE = VALUES["dagster-user-deployments"]["deployments"][0]
LAUNCHER = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
CHART_PODS = (CODE, VALUES["dagsterDaemon"], VALUES["dagsterWebserver"], LAUNCHER)
LABEL = "kpi-platform"


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


def pod_templates() -> list[dict[str, Any]]:
    """The pods of our own manifests."""
    return [one["spec"]["template"] for one in (*MANIFESTS, *SIGN_IN) if containers(one)]


def test_containers_write_to_their_volumes_alone_and_gain_no_rights() -> None:
    of_chart = [(one["securityContext"], one["volumeMounts"], one["volumes"]) for one in CHART_PODS]
    of_ours = [
        (container["securityContext"], container.get("volumeMounts", []), pod["spec"].get("volumes", []))
        for pod in pod_templates()
        for container in pod["spec"]["containers"]
    ]
    for security, mounts, volumes in (*of_chart, *of_ours):
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert {one["name"] for one in mounts} == {one["name"] for one in volumes}
    for _, mounts, _ in of_chart:
        assert {"/tmp", "/var/lib/kpi_platform"} <= {one["mountPath"] for one in mounts}


def test_pods_run_with_the_runtimes_seccomp_profile() -> None:
    launched = LAUNCHER["runK8sConfig"]["podSpecConfig"]["securityContext"]
    of_chart = [one["podSecurityContext"] for one in CHART_PODS if one is not LAUNCHER]
    for pod in (launched, *of_chart, *(one["spec"]["securityContext"] for one in pod_templates())):
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["runAsNonRoot"] is True


def pods() -> set[str]:
    """Every pod, by our own label."""
    ours = {one["metadata"]["labels"][LABEL] for one in pod_templates()}
    return ours | {one["labels"][LABEL] for one in CHART_PODS}


def selected(selector: dict[str, Any]) -> set[str]:
    """The pods that a selector chooses."""
    if LABEL in selector.get("matchLabels", {}):
        return {selector["matchLabels"][LABEL]}
    (expression,) = selector["matchExpressions"]
    assert expression["key"] == LABEL
    return pods() if expression["operator"] == "Exists" else set(expression["values"])


def test_the_network_is_closed_but_for_what_is_listed() -> None:
    everybody, *others = POLICIES
    assert selected(everybody["spec"]["podSelector"]) == pods()
    assert everybody["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & set(everybody["spec"])
    for policy in others:
        spec = policy["spec"]
        assert policy["kind"] == "NetworkPolicy"
        assert selected(spec["podSelector"]) <= pods()
        assert {kind.lower() for kind in spec["policyTypes"]} == set(spec) - {"podSelector", "policyTypes"}
        for way, peers in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(way, ()):
                assert set(rule) == {peers, "ports"}, policy["metadata"]["name"]
                assert rule[peers] and rule["ports"]
                for peer in rule[peers]:
                    wide = peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
                    assert not wide or "169.254.0.0/16" in peer["ipBlock"]["except"]
                    if "namespaceSelector" not in peer and "podSelector" in peer:
                        assert selected(peer["podSelector"]) <= pods()


def test_dagster_is_reached_through_the_sign_in_alone() -> None:
    (policy,) = (
        one for one in POLICIES
        if "ingress" in one["spec"] and selected(one["spec"]["podSelector"]) == {"webserver"}
    )  # fmt: skip
    (rule,) = policy["spec"]["ingress"]
    (peer,) = rule["from"]
    assert selected(peer["podSelector"]) == {"sign-in"}
    (port,) = rule["ports"]
    assert port["port"] == VALUES["dagsterWebserver"]["service"]["port"]
    (proxy,) = containers(SIGN_IN[0])
    assert f"--upstream=http://kpi-dagster-webserver:{port['port']}" in proxy["args"]
    assert not VALUES.get("ingress", {}).get("enabled")
