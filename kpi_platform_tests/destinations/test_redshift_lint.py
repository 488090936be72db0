import pytest

from kpi_platform_tests.destinations.redshift_lint import complaints
from kpi_platform_tests.destinations.redshift_sql import to_postgres


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("select count(*) filter (where a) from t", "FILTER"),
        ("select (array_agg(a order by b))[1] from t", "array"),
        ("select * from (values (1), (2)) as t (a)", "VALUES"),
        ("select distinct on (a) a, b from t", "DISTINCT ON"),
        ("with t as materialized (select 1 as a) select * from t", "MATERIALIZED"),
        ("select cast(a as text) from t", "VARCHAR"),
        ('select a from t order by a collate "C"', "collation"),
        ("select a is distinct from b from t", "DISTINCT FROM"),
        ("select pg_input_is_valid(a, 'date') from t", "pg_input_is_valid"),
        (f"select 1 as {'a' * 128}", "too long"),
        ("select a as type from t", "reserved"),
        (
            "select percentile_cont(0.5) within group (order by a),"
            " percentile_cont(0.5) within group (order by b) from t",
            "sort alike",
        ),
    ],
)
def test_what_redshift_lacks_is_named(statement: str, named: str) -> None:
    assert any(named in complaint for complaint in complaints(statement))


def test_what_redshift_has_passes() -> None:
    statement = """
        create table kpi.t diststyle key distkey (a) compound sortkey (a) as (
            with x as (select 1 as a union all select 2)
            select
                try_cast(b as decimal(38, 12)),
                regexp_substr(b, '^[0-9]{1,18}'),
                datediff(microsecond, c, d),
                to_char(c, 'YYYYMMDD') || chr(1),
                percentile_cont(0.5) within group (order by a),
                percentile_cont(0.9) within group (order by a)
            from x
            qualify row_number() over (partition by a order by b desc nulls last) = 1
        );
        delete from kpi.t where a in (1); insert into kpi.t (a) values (1), (2)
    """
    assert list(complaints(statement)) == []


def test_a_text_with_escapes_means_the_same_after_rewriting() -> None:
    assert to_postgres(r"select regexp_replace(a, '\\d', '\\\\') from t") == (
        r"SELECT REGEXP_REPLACE(a, '\\d', '\\\\', 'g') FROM t"
    )


def test_a_cursors_query_is_rewritten() -> None:
    assert to_postgres("declare c cursor for select getdate()").startswith("declare c cursor for SELECT ")
    assert "PG_INPUT_IS_VALID" in to_postgres("declare c cursor for select try_cast(a as date) from t")
