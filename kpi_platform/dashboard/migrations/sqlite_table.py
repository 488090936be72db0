"""Changes of constraints, which SQLite has no statement for."""

import re
from collections.abc import Mapping

from alembic import op


def rewrite(table: str, parts: Mapping[str, str]) -> None:
    """Replaces parts of the statement that made `table`, to which no table refers, and keeps its rows and
    indexes. Does nothing on another database."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    # The table comes before its indexes, which go with it.
    query = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC"
    made, *indexes = connection.exec_driver_sql(query, (table,)).scalars()
    for old, new in parts.items():
        if old not in made:
            raise LookupError(f"The table {table} was not made with: {old}")
        made = made.replace(old, new)
    op.rename_table(table, "before")
    for statement in (made, f"INSERT INTO {table} SELECT * FROM before", "DROP TABLE before", *indexes):  # noqa: S608
        connection.exec_driver_sql(statement)


def drop_check(table: str, name: str) -> None:
    """Drops the check `name` of a SQLite table, to which others may refer. Its rows are not touched."""
    made = _made(table)
    kept = re.sub(rf",\s*CONSTRAINT {name} CHECK \((?:[^()]|\([^()]*\))*\)", "", made)
    if kept == made:
        raise LookupError(f"The table {table} has no check {name}.")
    _remake(table, kept)


def add_check(table: str, name: str, condition: str) -> None:
    """Adds a check to a SQLite table, whose rows pass it."""
    made = _made(table).rstrip().removesuffix(")").rstrip()
    _remake(table, f"{made}, \n\tCONSTRAINT {name} CHECK ({condition})\n)")


def _made(table: str) -> str:
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    return str(op.get_bind().exec_driver_sql(query, (table,)).scalar_one())


def _remake(table: str, statement: str) -> None:
    """SQLite's own procedure for a change that leaves the rows alone: lang_altertable.html, section 7."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (statement, table)
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
