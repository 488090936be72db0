{% macro staged_versions(source, table) -%}
    {#- Every version of the rows of a table in history mode, as staged() types them, with `_fivetran_end`. Tables
        without history mode have none. -#}
    {%- set read = staged_columns(source, table) -%}
    {%- set columns = dict(read.columns, _fivetran_end='moment') -%}
    {%- set fields, references = read.get('fields', {}), read.get('references', []) -%}
    {%- set selects = [] -%}
    {%- for customers in customers_alike(source, table) if landed_column(customers[0], source, table, '_fivetran_start') -%}
        {%- set versions = staged_alike(customers, source, table, columns, fields, references) -%}
        {%- do selects.append('select\n    *,\n    1 as version_rank\nfrom (\n' ~ versions ~ '\n) as versions') -%}
    {%- endfor -%}
    {{ selects | join('\nunion all\n') if selects else staged_nothing(columns, fields, references) }}
{%- endmacro %}
