{% macro unreadable_values() -%}
    {#- The count and an example for each customer and column that holds what cannot be read, in rows that are there. -#}
    {%- set selects = [] -%}
    {%- for source, settings in (batch_customers()[0].sources if batch_customers() else {}).items() -%}
        {%- for table in source_columns(source) -%}
            {%- for customers in customers_alike(source, table) -%}
                {%- set columns = columns_to_read(customers[0], source, table) -%}
                {%- if columns -%}
                    {%- do selects.append(unreadable_in_table(customers, source, table, columns)) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if selects -%}
{{ selects | join('\nunion all\n') }}
    {%- else -%}
select {{ literal(none, 'string') }} as customer_id
from (select 1 as nothing) as nothing
where false
    {%- endif -%}
{%- endmacro %}


{% macro columns_to_read(customer, source, table) -%}
    {#- [landed column, kind, what is true if it cannot be read] of all columns that a model reads. -#}
    {%- set landed = landed_table(customer, source, table) -%}
    {%- set read = staged_columns(source, table) -%}
    {%- set wanted = [['_fivetran_synced', 'moment'], ['_fivetran_start', 'moment']] -%}
    {%- for flag in staged_flags() -%}
        {%- do wanted.append([flag, 'boolean']) -%}
    {%- endfor -%}
    {%- for name, kind in read.columns.items() -%}
        {%- do wanted.append([name, kind] if kind is string else kind) -%}
    {%- endfor -%}
    {%- for field, kind in read.get('fields', {}).items() if mapped_field(customer, source, field) -%}
        {%- do wanted.append([mapped_field(customer, source, field), kind]) -%}
    {%- endfor -%}
    {#- A code that is no number may be a label, which sys_choice reads. -#}
    {%- set has_labels = landed_table(customer, source, 'sys_choice') is not none -%}
    {%- set found, names = [], [] -%}
    {%- for name, kind in wanted if not (kind == 'code' and has_labels) and says_what_is_unreadable(kind) and normalised_field(name) in landed.columns -%}
        {%- set column = landed.columns[normalised_field(name)] -%}
        {%- set reading = column_reading(landed, column, kind) -%}
        {%- if reading.unreadable and column.name not in names -%}
            {%- do names.append(column.name) -%}
            {%- do found.append([column, kind, reading.unreadable]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}


{% macro unreadable_in_table(customers, source, table, columns) -%}
    {#- One pass over the table: hardly any row has something that cannot be read. -#}
    {%- set landed = landed_table(customers[0], source, table) -%}
    {%- set reads = [] -%}
    {%- for column, kind, is_unreadable in columns -%}
        {%- do reads.append([column, kind]) -%}
    {%- endfor -%}
    {%- for flag in staged_flags() if normalised_field(flag) in landed.columns -%}
        {%- do reads.append([landed.columns[normalised_field(flag)], 'boolean']) -%}
    {%- endfor -%}
select * from (
    with

    looked_at as (
        select
            kpi_customer
            {%- for column, kind, is_unreadable in columns %},
            case when {{ is_unreadable }} then {{ value_as_text(adapter.quote(column.name), column.type) }} end
                as value_{{ loop.index }}
            {%- endfor %}
        from (
            {{ union_of_landed(customers, source, table, reads) }}
        ) as landed_alike
        where {{ staged_is_live(landed) }}
    ),

    found as (
        select * from looked_at
        where
            {%- for column in columns %}
            {{ 'or ' if not loop.first }}value_{{ loop.index }} is not null
            {%- endfor %}
    )

    {%- for column, kind, is_unreadable in columns %}

    select
        kpi_customer as customer_id,
        {{ text_literal(source ~ '.' ~ table) }} as source_table,
        {{ text_literal(column.name) }} as column_name,
        min(value_{{ loop.index }}) as example_value,
        count(value_{{ loop.index }}) as row_count
    from found
    where value_{{ loop.index }} is not null
    group by kpi_customer
        {%- if not loop.last %}

    union all
        {%- endif %}
    {%- endfor %}
) as unreadable_in_{{ source }}_{{ table }}
{%- endmacro %}
