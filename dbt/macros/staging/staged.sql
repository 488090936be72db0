{% macro staged(source, table, columns, fields={}, references=[]) -%}
    {#- One source table of all customers of the batch, under canonical names and types. -#}
    {%- set selects = [] -%}
    {%- for customer in batch_customers() if landed_table(customer, source, table) -%}
        {%- do selects.append(staged_customer(customer, source, table, columns, fields, references)) -%}
    {%- endfor -%}
    {{ selects | join('\nunion all\n') if selects else staged_nothing(columns, fields) }}
{%- endmacro %}


{% macro staged_customer(customer, source, table, columns, fields, references) -%}
    {%- set landed = landed_table(customer, source, table) -%}
select
    cast({{ text_literal(customer.key) }} as {{ canonical_type('string') }}) as customer_id,
    {%- for name, type in columns.items() %}
    {{ staged_column(landed, [name], type) }} as {{ name }},
    {%- endfor %}
    {%- for field, type in fields.items() %}
        {%- set mapped = mapped_field(customer, source, field) %}
    {{ staged_column(landed, [mapped, mapped ~ '_value'] if mapped and field in references else [mapped], type) }} as {{ field }},
    {%- endfor %}
    {{ staged_is_live(landed) }} as is_live,
    {{ staged_column(landed, ['_fivetran_synced'], 'timestamp') }} as _fivetran_synced,
    {{ staged_column(landed, ['_fivetran_start'], 'timestamp') }} as _fivetran_start
from {{ api.Relation.create(database=landed.database, schema=landed.schema, identifier=landed.identifier) }}
{%- endmacro %}


{% macro staged_nothing(columns, fields) -%}
select
    {{ literal(none, 'string') }} as customer_id,
    {%- for name, type in columns.items() %}
    {{ literal(none, 'integer' if type == 'code' else 'timestamp' if type == 'date' else type) }} as {{ name }},
    {%- endfor %}
    {%- for name, type in fields.items() %}
    {{ literal(none, type) }} as {{ name }},
    {%- endfor %}
    true as is_live,
    {{ literal(none, 'timestamp') }} as _fivetran_synced,
    {{ literal(none, 'timestamp') }} as _fivetran_start
from (select 1 as nothing) as nothing
where false
{%- endmacro %}


{% macro staged_column(landed, names, type) -%}
    {#- The first of `names` that landed and, row by row, is not blank; a typed NULL where none did. -#}
    {%- set found = [] -%}
    {%- for name in names if name and landed.columns.get(normalised_field(name)) -%}
        {%- set column = landed.columns[normalised_field(name)] -%}
        {%- do found.append(cast_landed(adapter.quote(column.name), column.type, type)) -%}
    {%- endfor -%}
    {%- if found | length > 1 -%}
        {%- set readings = [] -%}
        {%- for reading in found -%}
            {%- do readings.append(not_blank(reading)) -%}
        {%- endfor -%}
        {{- return('coalesce(' ~ readings | join(', ') ~ ')') -}}
    {%- elif found -%}
        {{- return(found[0]) -}}
    {%- endif -%}
    {{- return(literal(none, 'integer' if type == 'code' else 'timestamp' if type == 'date' else type)) -}}
{%- endmacro %}


{% macro staged_is_live(landed) -%}
    {#- Whether the row is there at the source: neither deleted nor a past version of history mode. -#}
    {%- set conditions = [] -%}
    {%- for name, when_null in {'is_deleted': 'false', '_fivetran_deleted': 'false', '_fivetran_active': 'true'}.items() -%}
        {%- set flag = staged_column(landed, [name], 'boolean') -%}
        {%- if normalised_field(name) in landed.columns -%}
            {%- do conditions.append(('' if when_null == 'true' else 'not ') ~ 'coalesce(' ~ flag ~ ', ' ~ when_null ~ ')') -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return('(' ~ conditions | join(' and ') ~ ')' if conditions else 'true') -}}
{%- endmacro %}
