{% macro old_sources() -%}
    {#- The newest sync of each source of the batch, where it lies more than 24 hours before as_of. A table in which
        nothing changes is not old: what counts is the newest row of the whole source. -#}
    {%- set selects = [] -%}
    {%- for customer in batch_customers() -%}
        {%- for source, settings in customer.sources.items() -%}
            {%- for table in settings.get('tables', {}) if landed_column(customer, source, table, '_fivetran_synced') -%}
                {%- do selects.append(newest_sync(customer, source, table)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor %}
select
    customer_id,
    source,
    max(last_synced) as last_synced
from (
    {{ selects | join('\nunion all\n') if selects else literal_rows(
        {'customer_id': 'string', 'source': 'string', 'last_synced': 'timestamp'}, []
    ) }}
) as syncs
group by customer_id, source
having max(last_synced) < {{ days_before_as_of(1) }}
{%- endmacro %}


{% macro newest_sync(customer, source, table) -%}
    {%- set landed = landed_table(customer, source, table) -%}
select
    {{ text_literal(customer.key) }} as customer_id,
    {{ text_literal(source) }} as source,
    max({{ staged_column(landed, ['_fivetran_synced'], 'timestamp') }}) as last_synced
from {{ landed_relation(landed) }}
{%- endmacro %}
