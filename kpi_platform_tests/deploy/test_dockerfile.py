"""The image: small, without root, with locked packages. `make test-image` runs its steps in a clean root."""

import fnmatch
import tomllib

from packaging.requirements import Requirement

from kpi_platform_tests.deploy.commands import problems
from kpi_platform_tests.deploy.dockerfile import FILE, PROJECT, stages

LOCK = (PROJECT / "deploy" / "requirements.lock").read_text()


def test_images_have_a_version_and_the_last_stage_only_copies() -> None:
    for stage in stages():
        assert ":" in stage.image
        assert not stage.image.endswith(":latest")
        assert not stage.named("ADD")
    *_, last = stages()
    assert all(one.source_stage for one in last.named("COPY"))
    assert not any("pip" in one.rest or "apt" in one.rest for one in last.named("RUN"))


def test_it_does_not_run_as_root_and_says_whether_it_is_ready() -> None:
    *_, last = stages()
    (user,) = last.named("USER")
    assert int(user.rest) > 0
    (check,) = last.named("HEALTHCHECK")
    assert "/readyz" in check.rest
    (command,) = last.named("CMD")
    assert problems(command.parts) == []


def test_what_is_copied_is_there_and_not_ignored() -> None:
    rules = FILE.with_name("Dockerfile.dockerignore").read_text().split()
    admitted = [rule[1:] for rule in rules if rule.startswith("!")]
    for stage in stages():
        for one in stage.named("COPY"):
            if one.source_stage is None:
                for source in one.parts[:-1]:
                    assert (PROJECT / source).exists(), source
                    assert any(fnmatch.fnmatch(source, rule) for rule in admitted), source


def test_packages_are_locked_with_hashes_and_cover_what_is_declared() -> None:
    installs = [one.rest for stage in stages() for one in stage.named("RUN") if "pip install" in one.rest]
    assert all("--require-hashes" in one or "--no-deps --no-build-isolation" in one for one in installs)
    pinned = [
        Requirement(line.split(" ")[0]) for line in LOCK.splitlines() if "==" in line and line[0].isalnum()
    ]
    locked = {one.name: str(one.specifier).removeprefix("==") for one in pinned}
    assert LOCK.count("--hash=sha256:") >= len(locked)
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    extras = [
        text
        for name, texts in project["optional-dependencies"].items()
        if name not in ("dev", "otel")
        for text in texts
    ]
    for text in [*project["dependencies"], *extras, "setuptools>=77"]:
        requirement = Requirement(text)
        version = locked.get(requirement.name.lower())
        assert version is not None, requirement.name
        assert requirement.specifier.contains(version), text
