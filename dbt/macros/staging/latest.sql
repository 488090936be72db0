{% macro latest(relation, key, id) -%}
    {#- One row per customer and key: a live one before a deleted one, then the newest sync, version and id. -#}
    select * from (
        select
            *,
            row_number() over (
                partition by customer_id, {{ key }}
                order by
                    case when is_live then 0 else 1 end,
                    _fivetran_synced desc nulls last,
                    _fivetran_start desc nulls last,
                    {{ bytewise(id) }} desc
            ) as version_rank
        from {{ relation }}
        where {{ key }} is not null
    ) as versions
    where version_rank = 1
{%- endmacro %}


{% macro latest_salesforce(relation) -%}
    {{ latest('(select *, ' ~ salesforce_key('id') ~ ' as id_key from ' ~ relation ~ ') as keyed', 'id_key', 'id') }}
{%- endmacro %}
