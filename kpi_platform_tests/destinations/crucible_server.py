"""BigQuery's API, spoken by crucible over DuckDB, with what the platform needs beyond it.

Run by the interpreter of an environment of its own, because crucible's DuckDB is another one than ours:

    python crucible_server.py PORT

Added here: query parameters, loads of Parquet, DELETE, and BIGNUMERIC, though with the 9 places of NUMERIC.
Not there: sign-in, rights, UPDATE, scripts, INFORMATION_SCHEMA, the Storage API, and any cost.
"""

import re
import sys
import tempfile
from typing import Any

import duckdb
import sqlglot
import uvicorn
from crucible.dialects.bigquery import errors, statements
from crucible.engine import Engine
from crucible.server.app import create_app
from crucible.server.bigquery import jobs, load
from sqlglot.tokens import TokenType

_check, _parse_csv, _load = jobs.check_query_config, load.parse_csv, jobs.Runner._load
_plan = statements._plan


def _checked(config: dict[str, Any]) -> None:
    parameters = config.pop("queryParameters", [])
    config.pop("parameterMode", None)
    tokens = sqlglot.tokenize(config["query"], read="bigquery") if parameters else []
    places = [token for token in tokens if token.token_type == TokenType.PLACEHOLDER]
    for token, parameter in reversed(list(zip(places, parameters, strict=True))):
        text = sqlglot.exp.Literal.string(parameter["parameterValue"]["value"]).sql("bigquery")
        value = f"cast({text} as {parameter['parameterType']['type']})"
        config["query"] = config["query"][: token.start] + value + config["query"][token.end + 1 :]
    config["query"] = re.sub(r"\bbignumeric\b", "numeric", config["query"], flags=re.IGNORECASE)
    _check(config)


def _parse(data: bytes, fields: list[dict[str, Any]], skipped: int) -> list[tuple[Any, ...]]:
    if not data.startswith(b"PAR1"):
        return _parse_csv(data, fields, skipped)
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect() as connection:
        file.write(data)
        file.flush()
        connection.execute("set timezone = 'UTC'")
        return connection.execute("select * from read_parquet(?)", [file.name]).fetchall()


def _plan_any(tree: sqlglot.exp.Expr, context: Any) -> Any:
    """A DELETE as the MERGE that does the same."""
    if not isinstance(tree, sqlglot.exp.Delete):
        return _plan(tree, context)
    if tree.args.get("where") is None:
        raise errors.invalid("DELETE must have a WHERE clause")
    target, condition = (part.sql("bigquery") for part in (tree.this, tree.args["where"].this))
    merge = (
        f"merge into {target} using (select 1 as one) as nothing on false"
        f" when not matched by source and ({condition}) then delete"
    )
    return _plan(sqlglot.parse_one(merge, read="bigquery"), context)


# Columns get small letters: crucible spells a selected column as it landed, whatever its alias says.
def _load_any(runner: jobs.Runner, job: Any, config: dict[str, Any], data: bytes) -> None:
    fields = [field | {"name": field["name"].lower()} for field in config["schema"]["fields"]]
    _load(runner, job, config | {"sourceFormat": "CSV", "schema": {"fields": fields}}, data)


if __name__ == "__main__":
    jobs.check_query_config = _checked
    jobs.load.parse_csv = _parse
    jobs.Runner._load = _load_any
    statements._plan = _plan_any
    uvicorn.run(create_app("bigquery", Engine()), port=int(sys.argv[1]), log_level="warning")
