{% macro old_sources() -%}
    {#- The newest sync of each source of the batch, if it lies more than 24 hours before as_of. A table in which
        nothing changes is not old: what counts is the newest row of the whole source. -#}
    {%- set selects = [] -%}
    {#- Every customer lists every table, whether it is there or not. -#}
    {%- for source, settings in (batch_customers()[0].sources if batch_customers() else {}).items() -%}
        {%- for table in settings.get('tables', {}) -%}
            {%- for customers in customers_alike(source, table) if landed_column(customers[0], source, table, '_fivetran_synced') -%}
                {%- do selects.append(newest_syncs(customers, source, table)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor %}
select
    customer_id,
    source as source_table,
    max(last_synced) as example_value
from (
    {{ selects | join('\nunion all\n') if selects else literal_rows(
        {'customer_id': 'string', 'source': 'string', 'last_synced': 'timestamp'}, []
    ) }}
) as syncs
group by customer_id, source
having max(last_synced) < {{ days_before_as_of(1) }}
{%- endmacro %}


{% macro newest_syncs(customers, source, table) -%}
    {%- set column = landed_column(customers[0], source, table, '_fivetran_synced') -%}
select
    kpi_customer as customer_id,
    {{ text_literal(source) }} as source,
    max({{ staged_column(landed_table(customers[0], source, table), '_fivetran_synced', 'moment') }}) as last_synced
from (
    {{ union_of_landed(customers, source, table, [[column, 'moment']]) }}
) as landed_alike
group by kpi_customer
{%- endmacro %}
