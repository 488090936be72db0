{% macro text_literal(value) %}
    {{- return(adapter.dispatch('text_literal', 'kpi_platform')(value | string)) -}}
{% endmacro %}

{% macro default__text_literal(value) %}
    {{- return("'" ~ value.replace("'", "''") ~ "'") -}}
{% endmacro %}


{% macro timestamp_literal(moment) %}
    {#- A datetime, or the text of one, UTC without zone. -#}
    {%- set text = moment if moment is string else moment.strftime('%Y-%m-%d %H:%M:%S.%f') -%}
    {{- return("cast('" ~ text ~ "' as " ~ canonical_type('timestamp') ~ ")") -}}
{% endmacro %}


{% macro literal(value, type) %}
    {%- if value is none -%}
        {{- return('cast(null as ' ~ canonical_type(type) ~ ')') -}}
    {%- elif type == 'timestamp' -%}
        {{- return(timestamp_literal(value)) -}}
    {%- elif type == 'boolean' -%}
        {{- return('true' if value else 'false') -}}
    {%- elif type in ('integer', 'float') -%}
        {#- Only a number gets here unquoted. -#}
        {{- return('cast(' ~ ((value | int) if type == 'integer' else (value | float)) ~ ' as ' ~ canonical_type(type) ~ ')') -}}
    {%- endif -%}
    {{- return(text_literal(value)) -}}
{% endmacro %}


{% macro literal_rows(columns, rows) %}
    {#- A query of `rows`, each a dictionary with all of `columns` (name → canonical type). -#}
    {{- adapter.dispatch('literal_rows', 'kpi_platform')(columns, rows) -}}
{% endmacro %}

{% macro default__literal_rows(columns, rows) -%}
    {#- The select above the values gives each column its type. No macro is called for a cell, because a batch has
        thousands of them; only text is quoted, once for each different one. -#}
    {%- set quoted = {} -%}
select
    {%- for name, type in columns.items() %}
    cast({{ name }} as {{ canonical_type(type) }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    values
    {%- for row in rows or [none] %}
    (
        {%- for name in columns -%}
            {%- set cell = row[name] if rows else none -%}
            {%- if cell is none -%} null
            {%- elif cell is boolean -%} {{ 'true' if cell else 'false' }}
            {%- elif cell is number -%} {{ cell }}
            {%- elif cell is string -%}
                {%- if cell not in quoted -%}
                    {%- do quoted.update({cell: text_literal(cell)}) -%}
                {%- endif -%} {{ quoted[cell] }}
            {%- else -%}
                {%- do exceptions.raise_compiler_error('A row has no ' ~ name ~ ': ' ~ row) -%}
            {%- endif -%}
            {{ ', ' if not loop.last }}
        {%- endfor -%}
    ){{ ',' if not loop.last }}
    {%- endfor %}
) as literal_rows ({{ columns.keys() | join(', ') }})
{%- if not rows %}
where false
{%- endif %}
{%- endmacro %}


{% macro union_of_literals(columns, rows) -%}
    {%- for row in rows or [none] %}
select
        {%- for name, type in columns.items() %}
    cast({{ literal(row[name] if row else none, type) }} as {{ canonical_type(type) }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
{{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- if not rows %}
from (select 1 as nothing) as empty
where false
    {%- endif %}
{%- endmacro %}
