"""SQLite changes no constraint of a table: the rows move to another."""

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
