"""Ephemeral models come into a statement as dbt itself puts them there."""

import pytest
from dbt.artifacts.resources.v1.components import InjectedCTE

from kpi_platform.adapters.dbt_patches.inject_ctes import inject, original

CTES = [InjectedCTE("a", " __dbt__cte__a as (\nselect 1 as b\n)"), InjectedCTE("b", " __dbt__cte__b as (x)")]


@pytest.mark.parametrize(
    "sql",
    [
        "with one as (select * from __dbt__cte__a) select * from one",
        "\n-- With a word of comment.\n/* with\ntwo */ WITH\none as (select ')') select * from one",
        "with recursive one as (select 1) select * from one",
        "select * from __dbt__cte__a",
        "-- with nothing\nselect 'with' as word from __dbt__cte__a",
        "withdrawals",
        "",
    ],
)
@pytest.mark.parametrize("ctes", [CTES, CTES[:1], []])
def test_what_comes_out_is_what_dbt_makes_by_parsing(sql: str, ctes: list[InjectedCTE]) -> None:
    try:
        expected = original(sql, ctes)
    except IndexError:
        # Of an empty statement.
        with pytest.raises(IndexError):
            inject(sql, ctes)
    else:
        assert inject(sql, ctes) == expected


@pytest.mark.parametrize("sql", ["with one as (select 1) select * from one", "select * from __dbt__cte__a"])
def test_a_marked_model_is_computed_once(sql: str) -> None:
    marked = InjectedCTE("a", " __dbt__cte__a as (\n/* computed once */\nselect 1 as b\n)")
    plain = InjectedCTE("c", " __dbt__cte__c as (\nselect '/* computed once */' as d\n)")
    found = inject(sql, [marked, plain])
    assert "__dbt__cte__a as materialized (\n/* computed once */\nselect 1 as b\n)" in found
    assert "__dbt__cte__c as (" in found
