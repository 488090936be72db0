"""Fivetran's OpenAPI definition as what requests and answers are validated against.

    definition = Definition.read(shared)
    definition.problems_of_request("PATCH", "/v1/connections/x", {}, {"paused": True})  # [] or what is wrong
    definition.problems_of_answer("GET", "/v1/connections/x", 200, {...})

Where the definition contradicts itself it is read as its descriptions and examples have it (see `_mended`).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

Json = Any
FILE = "data/fivetran_openapi/fivetran-open-api-definition.json"
_ENTRIES = {"Schemas": "schema", "Tables": "table", "Columns": "column"}
_NULL_MEANS_NEVER = {"succeeded_at", "failed_at", "daily_sync_time", "rescheduled_for"}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    template: str
    details: Mapping[str, Any]

    def matches(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.template))
        return method == self.method and re.fullmatch(pattern, path) is not None


class Definition:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas = {name: _mended(schema) for name, schema in document["components"]["schemas"].items()}
        self._paths = document["paths"]

    @classmethod
    def read(cls, shared: Path) -> "Definition":
        return cls(json.loads((shared / FILE).read_text()))

    @cached_property
    def operations(self) -> list[Operation]:
        """The fixed paths first: `/v1/connections/x/schemas/reload` is no schema with the name `reload`."""
        found = [
            Operation(method.upper(), template, details)
            for template, methods in self._paths.items()
            for method, details in methods.items()
        ]
        return sorted(found, key=lambda operation: operation.template.count("{"))

    def operation(self, method: str, path: str) -> Operation | None:
        """By the present name of the path, before which connections were called connectors."""
        present = re.sub(r"^(/v1|/v1/groups/[^/]+)/connectors(?=/|$)", r"\1/connections", path)
        return next((o for o in self.operations if o.matches(method, present)), None)

    def problems_of_request(self, method: str, path: str, query: Mapping[str, str], body: Json) -> list[str]:
        """What is wrong with a request; `body` is None if there is none."""
        operation = self.operation(method, path)
        if operation is None:
            return [f"{method} {path} is not in the definition"]
        parameters = {p["name"]: p["schema"] for p in operation.details["parameters"] if p["in"] == "query"}
        problems = [
            f"query parameter '{name}' is not in the definition" for name in query.keys() - parameters
        ]
        for name in query.keys() & parameters:
            problems += self._problems(parameters[name], _read(query[name], parameters[name]["type"]))
        content = operation.details.get("requestBody", {}).get("content", {})
        if content and body is not None:
            schema = content["application/json"]["schema"]
            problems += self._problems(schema, body) + self._unknown(schema, body)
        elif body is not None:
            problems.append("a body where the definition has none")
        return problems

    def problems_of_answer(self, method: str, path: str, status: int, body: Json) -> list[str]:
        if wrong := self.problems_of_status(method, path, status):
            return wrong
        if status >= 400:
            known = isinstance(body, dict) and set(body) == {"code", "message"}
            return [] if known else ["an error is a code and a message"]
        operation = self.operation(method, path)
        assert operation is not None
        schema = operation.details["responses"][str(status)]["content"]["application/json"]["schema"]
        return self._problems(schema, body, nulls=True)

    def problems_of_status(self, method: str, path: str, status: int) -> list[str]:
        """An error may be any; a success is the one that the definition has."""
        operation = self.operation(method, path)
        if operation is None:
            return [f"{method} {path} is not in the definition"]
        known = status >= 400 or str(status) in operation.details["responses"]
        return [] if known else [f"the status {status} is not in the definition"]

    def _problems(self, schema: Json, value: Json, *, nulls: bool = False) -> list[str]:
        document = {**_mended(schema), "components": {"schemas": self._schemas}}
        errors = Draft202012Validator(document).iter_errors(_without_never(value) if nulls else value)
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]

    def _unknown(self, schema: Json, value: Json, place: str = "") -> list[str]:
        """Fields of a request that the definition does not have."""
        schema = self._resolved(schema)
        if not isinstance(value, dict) or not schema.keys() & {"properties", "additionalProperties"}:
            return []
        problems = []
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if inner is None:
                problems.append(f"{place}{name} is not in the definition")
            elif isinstance(inner, dict):
                problems += self._unknown(inner, item, f"{place}{name}/")
        return problems

    def _resolved(self, schema: Json) -> Json:
        schema = _mended(schema)
        if "$ref" in schema:
            return self._resolved(self._schemas[schema["$ref"].rpartition("/")[2]])
        return self._resolved(schema["allOf"][0]) if "allOf" in schema else schema


def _read(text: str, kind: str) -> Json:
    """A query parameter as what it stands for; as text if it stands for nothing of that kind."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return int(text) if kind == "integer" and text.isdecimal() else text


def _mended(schema: Json) -> Json:
    """The schema as it is meant.

    Values of an integer's enum are written as text. A map of schemas, tables or columns is written as an
    object with one property of a placeholder's name. Every connection's config is said to hold objects only,
    and its service to have a schema that this cut of the definition lacks; so does the config of a new one.
    """
    if isinstance(schema, list):
        return [_mended(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    mended = {name: _mended(value) for name, value in schema.items() if name != "discriminator"}
    if mended.get("type") == "integer" and "enum" in mended:
        mended["enum"] = [int(value) for value in mended["enum"]]
    properties = mended.get("properties")
    title = mended.get("title")
    entry = _ENTRIES.get(title) if isinstance(title, str) else None
    if isinstance(properties, dict) and entry in properties:
        mended["additionalProperties"] = properties.pop(entry)
    if (
        isinstance(properties, dict)
        and mended.get("type") == "object"
        and properties.get("schema", {}).get("title") == "Schema name"
    ):
        mended["additionalProperties"] = properties.pop("schema")
    if isinstance(properties, dict) and "config" in properties and "status" in properties:
        properties["config"] = {"type": "object"}
    if isinstance(properties, dict) and {"service", "group_id", "run_setup_tests"} <= properties.keys():
        properties |= {"config": {"type": "object"}, "auth": {"type": "object"}}
    return mended


def _without_never(value: Json) -> Json:
    """The answer without the times that are null: the descriptions say that null means never."""
    if isinstance(value, list):
        return [_without_never(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _without_never(item)
            for name, item in value.items()
            if item is not None or name not in _NULL_MEANS_NEVER
        }
    return value
