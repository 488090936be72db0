{% macro duckdb__number_as_exact(number) %}
    {{- return('try_cast(cast(' ~ number ~ ' as varchar) as ' ~ canonical_type('exact') ~ ')') -}}
{% endmacro %}


{% macro duckdb__json_as_text(column) %}
    {{- return('case when not ' ~ is_nested_json(column) ~ ' then ' ~ column ~ " ->> '$' end") -}}
{% endmacro %}


{% macro duckdb__json_kind(column) %}
    {{- return('json_type(' ~ column ~ ')') -}}
{% endmacro %}


{% macro duckdb__percentile(expression, fraction) %}
    {{- return('quantile_cont(' ~ expression ~ ', ' ~ fraction ~ ')') -}}
{% endmacro %}


{% macro duckdb__computed_once() %}
    {#- A mark, by which adapters/dbt_patches/inject_ctes.py knows the model: its name comes from dbt. -#}
    {{- return('/* computed once */') -}}
{% endmacro %}


{% macro duckdb__leading_digits(text) %}
    {{- return("try_cast(regexp_extract(" ~ text ~ ", '^\\s*([0-9]{1,18})', 1) as bigint)") -}}
{% endmacro %}


{% macro duckdb__matches(text, pattern) %}
    {{- return('regexp_matches(' ~ text ~ ", '" ~ pattern ~ "')") -}}
{% endmacro %}


{% macro duckdb__collapse_blanks(text) %}
    {#- The blanks of ASCII, on every database. -#}
    {{- return('regexp_replace(' ~ text ~ ", '[ \\t\\n\\r\\f\\v]+', ' ', 'g')") -}}
{% endmacro %}


{% macro duckdb__microseconds_between(earlier, later) %}
    {{- return('(epoch_us(' ~ later ~ ') - epoch_us(' ~ earlier ~ '))') -}}
{% endmacro %}


{% macro duckdb__canonical_type(name) %}
    {{- return({
        'string': 'varchar', 'integer': 'bigint', 'float': 'double', 'boolean': 'boolean',
        'date': 'date', 'timestamp': 'timestamp', 'exact': 'decimal(38, 12)',
    }[name]) -}}
{% endmacro %}


{% macro duckdb__latest(landed, ranked, keyless) -%}
    {#- Few keys have several rows, and sorting all rows to find those few costs more than all the rest of a build:
        only rows whose keys share a hash are ranked. Of few customers the columns are read where they are needed;
        of many, planning three unions of all their tables would cost more than keeping the rows of one. -#}
with

landed as {{ 'materialized' if ranked > 20 else 'not materialized' }} (
    {{ landed }}
),

shared as (
    select hash(customer_id, id_key) as key_hash
    from landed
    group by key_hash
    having count(*) > 1
)

select
    *,
    1 as version_rank
from landed
where {{ 'id_key is null or' if keyless else 'id_key is not null and' }} hash(customer_id, id_key) not in (select key_hash from shared)

union all

select
    *,
    1 as version_rank
from landed
where id_key is not null and hash(customer_id, id_key) in (select key_hash from shared)
{#- By its name, the rank would be that of the rows that these are joined to. #}
qualify {{ version_rank() }} = 1
{%- endmacro %}
