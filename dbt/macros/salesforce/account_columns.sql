{% macro landed_account_columns(table) %}
    {#- The landed columns of `table` that account columns are read from, as staged() takes them. -#}
    {%- set columns = {} -%}
    {%- for column in account_column_catalogue() if column.landed and column.table == table -%}
        {%- do columns.update({column.landed: column.type}) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}


{% macro account_columns_landed(relations) -%}
    {#- The account columns that are read as they landed, from the relation of each table (table → alias). -#}
    {%- for column in account_column_catalogue() if column.landed -%}
        {{ relations[column.table] }}.{{ column.landed }}
        {%- if column.landed != column.name %} as {{ column.name }}{% endif %}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro account_columns(relation=none, computed=[]) -%}
    {#- The columns that describe an account but the `computed` ones, which follow them in the same order, read from a
        relation; typed NULLs without one. -#}
    {%- for column in account_column_catalogue() if column.table != 'revenue' and column.name not in computed -%}
        {%- if relation -%}
            {{ relation }}.{{ column.name }}
        {%- else -%}
            {{ literal(none, column.type) }} as {{ column.name }}
        {%- endif -%}
        {{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro account_revenue_columns(relation) -%}
    {#- The columns of int_account_revenue that the marts and the load have, read from a relation. -#}
    {%- for column in account_column_catalogue() if column.table == 'revenue' -%}
        {{ relation }}.{{ column.name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
