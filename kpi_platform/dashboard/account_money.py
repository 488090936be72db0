"""The money of an account: what it pays in a year."""

from typing import Any

import sqlalchemy as sa


def money_of(table: sa.Table) -> sa.ColumnElement[Any]:
    """Returns the recurring revenue of a row of `accounts` or its history, by the name `money`."""
    return table.c.revenue.label("money")
