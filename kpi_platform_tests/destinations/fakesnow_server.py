"""Snowflake's HTTP protocol, spoken by fakesnow over DuckDB, with what the real clients need beyond it.

Added here: sign-in by password or by a registered key, roles, databases and warehouses that do not exist,
qualified temporary tables, errors that are none of SQL, NULL timestamps, TRIM of given characters, and
VARIANT as text. Not there: grants, and transactions (a commit is accepted and does nothing).
"""

import gzip
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from string import Template
from time import sleep
from typing import Any

import fakesnow.arrow
import fakesnow.conn
import fakesnow.cursor
import fakesnow.macros
import fakesnow.server
import jwt
import pyarrow as pa
import uvicorn
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse_one
from fakesnow.instance import FakeSnow
from snowflake.connector import network
from snowflake.connector.errors import DatabaseError, ProgrammingError
from sqlglot import exp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

USER = "kpi"
DATABASE, WAREHOUSE, ROLE = "LAKE", "WH", "LOADER"

_ABOUT_ITSELF = {"current_region()": "'AWS_EU_CENTRAL_1'", "current_account()": "'XY12345'"}

_TRANSACTION = re.compile(r"(--[^\n]*\n|\s)*(begin|commit|rollback)\s*;?\s*(/\*.*)?$", re.I | re.S)
_USE_WAREHOUSE = re.compile(r"\s*use\s+warehouse\s", re.I)
# fakesnow's own names its argument seven times, so that each cast in a cast takes seven times as long.
_TO_TIMESTAMP = Template(
    """
create or replace macro ${catalog}._fs_to_timestamp(val, scale) as list_transform(
    [val],
    lambda one: case
        when try_cast(one as bigint) is null then cast(one as timestamp)
        else cast(to_timestamp(cast(one as bigint) / power(10, scale)) as timestamp)
    end
)[1]
"""
)
_DONE = "select 'Statement executed successfully.' as status"


@dataclass(slots=True)
class SnowflakeServer:
    """USER signs in with `password` or `key`. `tags` are the query tags of the sessions, and `statements`
    what was executed, both in their order."""

    key: RSAPublicKey
    password: str
    port: int = 0
    tags: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listens on a free port of the loopback address, with one empty database."""
        fakesnow.server.shared_fs = FakeSnow(create_database_on_connect=False, create_schema_on_connect=False)
        fakesnow.conn.FakeSnowflakeCursor = self._cursor_class()  # type: ignore[misc]
        fakesnow.arrow.timestamp_to_sf_struct = _timestamps
        fakesnow.macros.FS_TO_TIMESTAMP = _TO_TIMESTAMP
        fakesnow.server.parse_one, fakesnow.cursor.parse_one = _parse_once()
        # Snowflake says after 45 s that a statement goes on. This server is silent until the statement's end,
        # and a client that does not wait runs it again and again.
        network.DEFAULT_SOCKET_CONNECT_TIMEOUT = 600
        with fakesnow.server.shared_fs.connect() as connection:
            FakeSnowflakeCursor(connection, connection._duck_conn).execute(f"create database {DATABASE}")
        others = [route for route in fakesnow.server.routes if route.path != "/session/v1/login-request"]
        app = Starlette(routes=[Route("/session/v1/login-request", self._login, methods=["POST"]), *others])
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        thread = threading.Thread(target=server.run, name="fakesnow")
        thread.start()
        while not server.started:
            sleep(0.01)
        self.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()

    async def _login(self, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        data = json.loads(body)["data"]
        if not self._knows(data):
            return _refused("390100", "Incorrect username or password was specified.")
        role = request.query_params.get("roleName")
        if role not in (None, ROLE):
            return _refused("390189", f"Role '{role}' specified in the connect string does not exist.")
        self.tags.append(data["SESSION_PARAMETERS"].get("QUERY_TAG", ""))
        return await fakesnow.server.login_request(request)

    def _knows(self, data: dict[str, Any]) -> bool:
        if data.get("AUTHENTICATOR") != "SNOWFLAKE_JWT":
            return (data.get("LOGIN_NAME"), data.get("PASSWORD")) == (USER, self.password)
        try:
            signed = jwt.decode(data["TOKEN"], self.key, algorithms=["RS256"])
        except jwt.InvalidTokenError:
            return False
        return str(signed["sub"]).endswith(f".{USER.upper()}")

    def _cursor_class(self) -> type[FakeSnowflakeCursor]:
        statements = self.statements

        class Cursor(FakeSnowflakeCursor):
            def execute(self, command: str, *args: Any, **kwargs: Any) -> FakeSnowflakeCursor:
                statements.append(command)
                for function, answer in _ABOUT_ITSELF.items():
                    command = command.replace(function, answer)
                named = f"{command} {kwargs.get('binding_params')}".upper()
                if _USE_WAREHOUSE.match(command) and f"'{WAREHOUSE}'" not in named:
                    raise ProgrammingError(msg="Object does not exist.", errno=2043, sqlstate="02000")
                # DuckDB writes to one database in a transaction; fakesnow has its own beside the user's.
                if (self._conn._autocommit and _TRANSACTION.match(command)) or "$cancel_all_" in command:
                    command, args, kwargs = _DONE, (), {"server": True}
                try:
                    return super().execute(command, *args, **kwargs)
                except DatabaseError:
                    raise
                except Exception as error:
                    raise ProgrammingError(msg=repr(error), errno=1003, sqlstate="42000") from error

            def _transform(self, expression: Any, params: Any) -> Any:
                if isinstance(expression, exp.Create) and expression.find(exp.Table).db:
                    for temporary in list(expression.find_all(exp.TemporaryProperty)):
                        temporary.pop()
                _mend(expression)
                return super()._transform(expression, params)

        return Cursor


def _mend(expression: exp.Expression) -> None:
    """fakesnow forgets which characters TRIM takes off, and of a VARIANT neither TYPEOF nor a cast to text is
    as in Snowflake. It knows no types of columns: what TYPEOF is asked of is a VARIANT."""
    for trim in expression.find_all(exp.Trim):
        if trim.expression is not None and not isinstance(trim.this, exp.Cast):
            trim.set("this", exp.cast(trim.this, "varchar"))
    # The guards against a place of 0 and an empty pattern, which nobody asks for, repeat the text.
    for split in list(expression.find_all(exp.SplitPart)):
        parts = [split.this, split.args["delimiter"], split.args["part_index"]]
        split.replace(exp.Anonymous(this="split_part", expressions=parts))
    for count in list(expression.find_all(exp.RegexpCount)):
        found = exp.Anonymous(this="regexp_extract_all", expressions=[count.this, count.expression])
        count.replace(exp.Anonymous(this="len", expressions=[found]))
    kinds = list(expression.find_all(exp.Typeof))
    variants = {kind.this.sql() for kind in kinds}
    for cast in list(expression.find_all(exp.Cast)) if variants else ():
        if cast.is_type("varchar", "text") and cast.this.sql() in variants:
            root = exp.Literal.string("$")
            cast.replace(exp.Anonymous(this="json_extract_string", expressions=[cast.this, root]))
    for kind in kinds:
        kind.replace(exp.Anonymous(this="json_type", expressions=[kind.this]))


def _parse_once() -> tuple[Callable[[str], Any], Callable[[str], Any]]:
    """The server parses a statement for its kind, and its cursor does again: a third of a build."""
    parsed: dict[str, Any] = {}

    def first(text: str) -> Any:
        parsed[text] = parse_one(text)
        return parsed[text]

    def second(text: str) -> Any:
        return parsed.pop(text, None) or parse_one(text)

    return first, second


def _refused(code: str, message: str) -> Response:
    return JSONResponse({"data": {}, "code": code, "message": message, "success": False})


_plain_timestamps = fakesnow.arrow.timestamp_to_sf_struct


def _timestamps(column: pa.ChunkedArray) -> pa.Array:
    """NULL stays NULL."""
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    made = _plain_timestamps(flat)
    parts = [part.fill_null(0) for part in made.flatten()]
    return pa.StructArray.from_arrays(parts, fields=list(made.type), mask=flat.is_null())
