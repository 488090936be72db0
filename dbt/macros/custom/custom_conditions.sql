{% macro custom_conditions(conditions, readings, operator='and') %}
    {#- Nested conditions of a definition as SQL. A NULL field satisfies is_null alone; whether one that cannot be read
        satisfies any is unknown, that is NULL. -#}
    {%- set parts = [] -%}
    {%- for condition in conditions or [] -%}
        {%- if 'and' in condition -%}
            {%- do parts.append(custom_conditions(condition['and'], readings, 'and')) -%}
        {%- elif 'or' in condition -%}
            {%- do parts.append(custom_conditions(condition['or'], readings, 'or')) -%}
        {%- else -%}
            {%- do parts.append(custom_comparison(condition, custom_reading(condition.field, condition.kind, readings))) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return('(' ~ parts | join(' ' ~ operator ~ ' ') ~ ')' if parts else 'true') -}}
{% endmacro %}


{% macro custom_comparison(condition, reading) %}
    {%- if condition.operator == 'is_null' -%}
        {{- return('(' ~ reading ~ ' is null and ' ~ reading ~ '_unreadable is null)') -}}
    {%- elif condition.operator == 'is_not_null' -%}
        {{- return('(' ~ reading ~ ' is not null or ' ~ reading ~ '_unreadable is not null)') -}}
    {%- endif -%}
    {%- if condition.operator in ('in', 'not_in') -%}
        {%- set values = [] -%}
        {%- for value in condition.value -%}
            {%- do values.append(custom_value(value, condition.kind)) -%}
        {%- endfor -%}
        {%- set test = reading ~ (' in (' if condition.operator == 'in' else ' not in (') ~ values | join(', ') ~ ')' -%}
    {%- elif condition.operator == 'contains' -%}
        {%- set part = 'lower(' ~ text_literal(condition.value) ~ ')' -%}
        {%- set test = 'replace(lower(' ~ reading ~ '), ' ~ part ~ ", '') <> lower(" ~ reading ~ ')' -%}
    {%- elif condition.operator == 'starts_with' -%}
        {%- set part = 'lower(' ~ text_literal(condition.value) ~ ')' -%}
        {%- set test = 'substr(lower(' ~ reading ~ '), 1, length(' ~ part ~ ')) = ' ~ part -%}
    {%- else -%}
        {%- set symbol = {'eq': '=', 'ne': '<>', 'lt': '<', 'le': '<=', 'gt': '>', 'ge': '>='}[condition.operator] -%}
        {%- set test = reading ~ ' ' ~ symbol ~ ' ' ~ custom_value(condition.value, condition.kind) -%}
    {%- endif -%}
    {{- return('case when ' ~ reading ~ '_unreadable is null then coalesce(' ~ test ~ ', false) end') -}}
{% endmacro %}


{% macro custom_value(value, kind) %}
    {#- A value of a definition, quoted by its kind. -#}
    {%- if kind == 'number' -%}
        {{- return(literal(value, 'float')) -}}
    {%- elif kind == 'boolean' -%}
        {{- return(literal(value, 'boolean')) -}}
    {%- elif kind == 'time' -%}
        {{- return(timestamp_literal(utc_datetime(value))) -}}
    {%- endif -%}
    {{- return(text_literal(value)) -}}
{% endmacro %}
