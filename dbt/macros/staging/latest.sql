{% macro latest(landed, ranked) -%}
    {#- One row per customer and key of the SQL `landed`: a live one before a deleted one, then the newest sync,
        version and id. `ranked`: of how many customers a key may have several rows; where of none, nothing is. -#}
    {%- if ranked -%}
    {{ adapter.dispatch('latest', 'kpi_platform')(landed, ranked) }}
    {%- else -%}
select
    *,
    1 as version_rank
from (
    {{ landed }}
) as landed
where id_key is not null
    {%- endif -%}
{%- endmacro %}


{% macro default__latest(landed, ranked) -%}
select * from (
    select
        *,
        {{ version_rank() }} as version_rank
    from (
        {{ landed }}
    ) as landed
    where id_key is not null
) as versions
where version_rank = 1
{%- endmacro %}


{% macro duckdb__latest(landed, ranked) -%}
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
where id_key is not null and hash(customer_id, id_key) not in (select key_hash from shared)

union all

select
    *,
    1 as version_rank
from landed
where id_key is not null and hash(customer_id, id_key) in (select key_hash from shared)
{#- By its name, the rank would be that of the rows that these are joined to. #}
qualify {{ version_rank() }} = 1
{%- endmacro %}


{% macro version_rank() -%}
    row_number() over (
        partition by customer_id, id_key
        order by
            case when is_live then 0 else 1 end,
            _fivetran_synced desc nulls last,
            _fivetran_start desc nulls last,
            {{ bytewise('landed_id') }} desc
    )
{%- endmacro %}
