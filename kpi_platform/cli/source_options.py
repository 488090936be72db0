"""Options that a command has for each source of the catalogue."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any

import typer

from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCES, Source

Said = Mapping[Source, Mapping[str, Any]]
"""What the options say of each source of which they say anything: settings by name, and `create`."""


_OF_EACH_SOURCE = {
    "connection": ("connection_id", "Adopt this Fivetran connection for {title}."),
    "schema": ("schema", "Schema that {title} lands in. Default: the key and _{name}."),
    "url": ("instance_url", "Address of {title}, such as https://example.com."),
}
"""Ending of an option → the setting that it gives, and its help."""


def with_source_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command `--create` and the options of each source, in the place of its parameter `said`."""
    signature = inspect.signature(command)

    @wraps(command)
    def run(**given: Any) -> None:
        created = given.pop("create") or ()
        said: dict[Source, dict[str, Any]] = {source: {} for source in SOURCES}
        for source, one in said.items():
            for option, (setting, _) in _OF_EACH_SOURCE.items():
                if value := given.pop(f"{source}_{option}"):
                    one[setting] = value
            if source in created:
                one["create"] = True
        command(**given, said={source: one for source, one in said.items() if one})

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters: list[inspect.Parameter] = []
    for own in signature.parameters.values():
        if own.name != "said":
            parameters.append(own.replace(kind=kind))
            continue
        parameters += [
            inspect.Parameter(name, kind, default=default, annotation=annotation)
            for name, default, annotation in _source_options()
        ]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _source_options() -> Iterator[tuple[str, Any, Any]]:
    """Name, default and annotation of each option."""
    enum: Any = StrEnum
    choice: Any = list[enum("SourceName", {source.upper(): source for source in SOURCES})]  # type: ignore[misc]
    help = "Create a connection to this source in Fivetran; can be repeated."
    yield "create", None, Annotated[choice | None, typer.Option("--create", help=help)]
    for option, (_, text) in _OF_EACH_SOURCE.items():
        for system in SOURCE_SYSTEMS.values():
            help = text.format(title=system.title, name=system.name)
            yield f"{system.name}_{option}", "", Annotated[str, typer.Option(help=help, show_default=False)]
