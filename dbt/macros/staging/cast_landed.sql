{% macro cast_landed(column, landed_type, to) %}
    {#- SQL that reads a landed column as a canonical type. What is no such value becomes NULL. -#}
    {%- set family = type_family(landed_type) -%}
    {%- set as_text = column_as_text(column, family) -%}
    {%- if to == 'string' -%}
        {{- return(as_text) -}}
    {%- elif to == 'code' -%}
        {{- return('cast(' ~ column ~ ' as ' ~ canonical_type('integer') ~ ')' if family == 'integer' else leading_digits(as_text)) -}}
    {%- elif to == 'cancelled' -%}
        {{- return(column ~ ' = 8' if family == 'integer' else text_is_cancelled(as_text)) -}}
    {%- elif to == 'boolean' -%}
        {{- return(column if family == 'boolean' else text_as_boolean(as_text)) -}}
    {%- elif to in ('timestamp', 'date') -%}
        {%- set moment = landed_moment(column, family, as_text) -%}
        {{- return(moment if to == 'timestamp' else 'cast(cast(' ~ moment ~ ' as date) as ' ~ canonical_type('timestamp') ~ ')') -}}
    {%- elif family in ('date', 'timestamp', 'zoned', 'boolean') -%}
        {{- return('cast(null as ' ~ canonical_type(to) ~ ')') -}}
    {%- endif -%}
    {{- return(landed_number(column, family, as_text, to)) -}}
{% endmacro %}


{% macro landed_moment(column, family, as_text) %}
    {%- if family == 'timestamp' or family == 'date' -%}
        {{- return('cast(' ~ column ~ ' as ' ~ canonical_type('timestamp') ~ ')') -}}
    {%- elif family == 'zoned' -%}
        {{- return(zoned_to_utc(column)) -}}
    {%- elif family in ('string', 'other') -%}
        {{- return(text_as_utc(as_text)) -}}
    {%- endif -%}
    {{- return('cast(null as ' ~ canonical_type('timestamp') ~ ')') -}}
{% endmacro %}


{% macro landed_number(column, family, as_text, to) %}
    {%- if family == 'integer' or (family == 'exact' and to == 'float') -%}
        {{- return('cast(' ~ column ~ ' as ' ~ canonical_type(to) ~ ')') -}}
    {%- elif family == 'float' and to == 'float' -%}
        {{- return(finite('cast(' ~ column ~ ' as ' ~ canonical_type('float') ~ ')')) -}}
    {%- elif family in ('float', 'exact') -%}
        {{- return(number_as_exact(column)) -}}
    {%- elif to == 'float' -%}
        {{- return(finite(safe_text_cast('trim(' ~ as_text ~ ')', 'float'))) -}}
    {%- endif -%}
    {{- return(text_as_exact('trim(' ~ as_text ~ ')')) -}}
{% endmacro %}


{% macro text_as_boolean(text) %}
    {%- set clean = 'lower(trim(' ~ text ~ '))' -%}
    {{- return(
        "case when " ~ clean ~ " in ('true', 't', 'yes', 'y', '1', '1.0') then true"
        ~ " when " ~ clean ~ " in ('false', 'f', 'no', 'n', '0', '0.0') then false end"
    ) -}}
{% endmacro %}


{% macro text_is_cancelled(text) %}
    {#- A state is cancelled by its code (8) or by its label, in either spelling; NULL where there is none. -#}
    {{- return(
        'case when ' ~ text ~ ' is not null then coalesce(' ~ leading_digits(text) ~ ' = 8, false)'
        ~ ' or lower(trim(' ~ text ~ ")) in ('canceled', 'cancelled') end"
    ) -}}
{% endmacro %}
