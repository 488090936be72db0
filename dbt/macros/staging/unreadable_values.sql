{% macro unreadable_values() -%}
    {#- The count and an example for each customer and column that holds what cannot be read, in rows that are there. -#}
    {%- set selects = [unreadable_in_incidents()] -%}
    {%- for source, settings in (batch_customers()[0].sources if batch_customers() else {}).items() -%}
        {%- for table in source_columns(source) -%}
            {%- for customers in customers_reading_alike(source, table) -%}
                {%- set columns = columns_to_read(customers[0], source, table) -%}
                {%- if columns -%}
                    {%- do selects.append(unreadable_in_table(customers, source, table, columns)) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
{{ selects | join('\nunion all\n') }}
{%- endmacro %}


{% macro customers_reading_alike(source, table) -%}
    {#- customers_alike(), in lists of those whose custom KPIs read the same of the table. -#}
    {%- set alike = [] -%}
    {%- for customers in customers_alike(source, table) -%}
        {%- set readers = {} -%}
        {%- for customer in customers -%}
            {%- set kinds = custom_kinds(customer, source, table) if customer.get('custom_kpis') else [] -%}
            {%- do readers.setdefault(kinds | string, []).append(customer) -%}
        {%- endfor -%}
        {%- do alike.extend(readers.values()) -%}
    {%- endfor -%}
    {{- return(alike) -}}
{%- endmacro %}


{% macro kinds_to_read(customer, source, table) -%}
    {#- [landed name, kind] of all that a model reads of a table and that may be unreadable: of texts, the ids of
        accounts. -#}
    {%- set read = staged_columns(source, table) -%}
    {%- set wanted = [['_fivetran_synced', 'moment'], ['_fivetran_start', 'moment']] -%}
    {%- for flag in staged_flags() -%}
        {%- do wanted.append([flag, 'boolean']) -%}
    {%- endfor -%}
    {%- for name, kind in read.columns.items() -%}
        {%- do wanted.append([name, kind] if kind is string else kind) -%}
    {%- endfor -%}
    {%- set kinds = custom_kinds(customer, source, table) -%}
    {%- for field, kind in read.get('fields', {}).items() if mapped_field(customer, source, field) -%}
        {%- set name = mapped_field(customer, source, field) -%}
        {%- if field in read.get('references', []) -%}
            {%- do kinds.extend([[name ~ '_value', kind], [name, kind]]) -%}
        {%- else -%}
            {%- do wanted.append([name, kind]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, kind in wanted if says_what_is_unreadable(kind) -%}
        {%- do kinds.append([name, kind]) -%}
    {%- endfor -%}
    {{- return(kinds) -}}
{%- endmacro %}


{% macro columns_to_read(customer, source, table) -%}
    {#- [landed column, kinds, what is true if it cannot be read as one of them] of all columns that a model reads. -#}
    {%- set landed = landed_table(customer, source, table) -%}
    {#- A code that is no number may be a label, which sys_choice reads: unreadable_in_incidents() looks at those. -#}
    {%- set has_labels = landed_table(customer, source, 'sys_choice') is not none -%}
    {%- set found = {} -%}
    {%- for name, kind in kinds_to_read(customer, source, table) if not (kind == 'code' and has_labels) and normalised_field(name) in landed.columns -%}
        {%- set column = landed.columns[normalised_field(name)] -%}
        {%- set reading = column_reading(landed, column, kind) -%}
        {%- if reading.unreadable -%}
            {%- set one = found.setdefault(column.name, {'column': column, 'kinds': [], 'reasons': []}) -%}
            {%- do one.kinds.append(kind) -%}
            {%- do one.reasons.append(reading.unreadable) if reading.unreadable not in one.reasons -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set columns = [] -%}
    {%- for one in found.values() -%}
        {%- do columns.append([one.column, one.kinds, one.reasons | join(' or ')]) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{%- endmacro %}


{% macro unreadable_in_incidents() -%}
    {#- What one column does not show: a code that neither is a number nor has a label, and an opening more than ten years
        before the response or the resolution. -#}
    {%- set labelled = [] -%}
    {%- for customer in batch_customers() if landed_table(customer, 'servicenow', 'sys_choice') -%}
        {%- do labelled.append(text_literal(customer.key)) -%}
    {%- endfor -%}
select * from (
    with

    incidents as (
        select * from {{ ref('int_incident_record') }}
        where is_live
    ),

    found as (
        {%- for code in ['priority', 'escalation'] if labelled %}
        select
            customer_id,
            {{ code }}_unreadable as unreadable_reason,
            {{ code }}_code as example_value
        from incidents
        where {{ code }}_unreadable is not null and customer_id in ({{ labelled | join(', ') }})

        union all

        {%- endfor %}
        select
            customer_id,
            coalesce(
                {{ takes_ten_years('opened_at', 'responded_at') }},
                {{ takes_ten_years('opened_at', 'ended_at') }}
            ) as unreadable_reason,
            cast(opened_at as {{ canonical_type('string') }}) as example_value
        from incidents
        where opened_at < {{ days_before_as_of(3652) }}
    )

    select
        customer_id,
        {{ text_literal('servicenow.') }} || {{ dbt.split_part("substr(unreadable_reason, 12)", "'.'", 1) }} as source_table,
        {{ dbt.split_part("unreadable_reason", "'.'", 2) }} as column_name,
        min(example_value) as example_value,
        count(*) as row_count
    from found
    where unreadable_reason is not null
    group by customer_id, unreadable_reason
) as unreadable_in_incidents
{%- endmacro %}


{% macro unreadable_in_table(customers, source, table, columns) -%}
    {#- One pass over the table: hardly any row has something that cannot be read. -#}
    {%- set landed = landed_table(customers[0], source, table) -%}
    {%- set reads = [] -%}
    {%- for column, kinds, is_unreadable in columns -%}
        {%- for kind in kinds -%}
            {%- do reads.append([column, kind]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for flag in staged_flags() if normalised_field(flag) in landed.columns -%}
        {%- do reads.append([landed.columns[normalised_field(flag)], 'boolean']) -%}
    {%- endfor -%}
select * from (
    with

    looked_at as (
        select
            kpi_customer
            {%- for column, kinds, is_unreadable in columns %},
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

    {%- for column, kinds, is_unreadable in columns %}

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
