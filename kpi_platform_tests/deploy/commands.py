"""Whether a command of a deployment file exists, with the options that it is given."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import typer


def problems(command: Sequence[str]) -> list[str]:
    """What is wrong with a command line; a line for `sh -c` is looked into."""
    if list(command[:2]) == ["sh", "-c"]:
        return [problem for part in command[2].split("&&") for problem in problems(shlex.split(part))]
    name, *rest = command
    if name == "python":
        return []
    return list(_problems(_PROGRAMS[name](), name, rest))


def _problems(program: Any, name: str, rest: list[str]) -> Iterator[str]:
    # Typer brings a click of its own, whose classes are others.
    while hasattr(program, "commands") and rest and not rest[0].startswith("-"):
        word = rest.pop(0)
        found = program.commands.get(word)
        if found is None:
            yield f"{name} has no command {word}"
            return
        program, name = found, f"{name} {word}"
    options = {spelled: one for one in program.params for spelled in (*one.opts, *one.secondary_opts)}
    arguments = [one for one in program.params if one.param_type_name == "argument"]
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            if not arguments:
                yield f"{name} takes no argument {word}"
            continue
        option = options.get(word)
        if option is None:
            yield f"{name} has no option {word}"
        elif not getattr(option, "is_flag", False):
            if not rest:
                yield f"{name} {word} has no value"
            else:
                rest.pop(0)


def _kpi_platform() -> Any:
    from kpi_platform.cli.main import app

    return typer.main.get_command(app)


def _dagster() -> Any:
    from dagster._cli import create_dagster_cli

    return create_dagster_cli()


def _daemon() -> Any:
    from dagster._daemon.cli import create_dagster_daemon_cli

    return create_dagster_daemon_cli()


def _webserver() -> Any:
    from dagster_webserver.cli import dagster_webserver

    return dagster_webserver


def _celery() -> Any:
    from dagster_celery.cli import main

    return main


_PROGRAMS: dict[str, Callable[[], Any]] = {
    "kpi-platform": _kpi_platform,
    "dagster": _dagster,
    "dagster-daemon": _daemon,
    "dagster-webserver": _webserver,
    "dagster-celery": _celery,
}
