{% macro latest(landed, ranked, keyless=false) -%}
    {#- One row per customer and key of the SQL `landed`: a live one before a deleted one, then the newest sync,
        version and id. `ranked`: of how many customers a key may have several rows; if of none, nothing is.
        `keyless`: rows without a key stay, each by itself. -#}
    {%- if ranked -%}
    {{ adapter.dispatch('latest', 'kpi_platform')(landed, ranked, keyless) }}
    {%- else -%}
select
    *,
    1 as version_rank
from (
    {{ landed }}
) as landed
        {%- if not keyless %}
where id_key is not null
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro default__latest(landed, ranked, keyless) -%}
select * from (
    select
        *,
        {{ version_rank() }} as version_rank
    from (
        {{ landed }}
    ) as landed
    {%- if not keyless %}
    where id_key is not null
    {%- endif %}
) as versions
where version_rank = 1{{ ' or id_key is null' if keyless }}
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
