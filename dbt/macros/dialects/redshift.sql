{#- dbt takes PostgreSQL's macro if Redshift has none of its own. -#}


{% macro redshift__safe_text_cast(text, type) %}
    {{- return(default__safe_text_cast(text, type)) -}}
{% endmacro %}


{% macro redshift__number_as_exact(number) %}
    {{- return(default__number_as_exact(number)) -}}
{% endmacro %}


{% macro redshift__text_as_exact(text) %}
    {#- Redshift takes no exponent for a decimal. -#}
    {%- set number = safe_text_cast(text, 'float') -%}
    {{- return(
        'coalesce(' ~ safe_text_cast(text, 'exact') ~ ', case when ' ~ is_sensible_number(number) ~ ' then '
        ~ number_as_exact(number) ~ ' end)'
    ) -}}
{% endmacro %}


{% macro redshift__text_as_utc(text) %}
    {#- Whether Redshift cuts or rounds what comes after microseconds is not written down. -#}
    {%- set short = 'substr(' ~ text ~ ', 1, strpos(' ~ text ~ ", '.') + 6)" -%}
    {%- set zone = 'coalesce(regexp_substr(' ~ text ~ ", '(Z|[+-][0-9:]+)$'), '')" -%}
    {{- return(default__text_as_utc(
        'case when ' ~ matches(text, '[.][0-9]{7}') ~ ' then ' ~ short ~ ' || ' ~ zone ~ ' else ' ~ text ~ ' end'
    )) -}}
{% endmacro %}


{% macro redshift__text_literal(value) %}
    {{- return("'" ~ value.replace("\\", "\\\\").replace("'", "''") ~ "'") -}}
{% endmacro %}


{% macro redshift__literal_rows(columns, rows) -%}
    {{- union_of_literals(columns, rows) -}}
{%- endmacro %}


{% macro redshift__newest(value, time, id, condition) -%}
    {#- Redshift has no arrays, and listagg fails beyond 64 KB: the greatest of texts that sort as the rows do. -#}
    {{- return(
        "split_part(max(case when " ~ condition ~ " then to_char(" ~ time ~ ", 'YYYYMMDDHH24MISSUS') || chr(1) || "
        ~ id ~ ' || chr(1) || ' ~ value ~ ' end), chr(1), 3)'
    ) -}}
{%- endmacro %}


{% macro redshift__column_as_text(column, family) %}
    {#- Redshift casts no boolean to text. -#}
    {%- if family == 'boolean' -%}
        {{- return('case when ' ~ column ~ " then 'true' when not " ~ column ~ " then 'false' end") -}}
    {%- endif -%}
    {{- return(default__column_as_text(column, family)) -}}
{% endmacro %}


{% macro redshift__json_as_text(column) %}
    {{- return(default__json_as_text(column)) -}}
{% endmacro %}


{% macro redshift__nested_as_text(column) %}
    {{- return('json_serialize(' ~ column ~ ')') -}}
{% endmacro %}


{% macro redshift__json_kind(column) %}
    {{- return(default__json_kind(column)) -}}
{% endmacro %}


{% macro redshift__trimmed(text) %}
    {{- return('btrim(' ~ text ~ ", ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))") -}}
{% endmacro %}


{% macro redshift__leading_digits(text) %}
    {{- return("cast(nullif(regexp_substr(ltrim(" ~ text ~ "), '^[0-9]{1,18}'), '') as bigint)") -}}
{% endmacro %}


{% macro redshift__matches(text, pattern) %}
    {{- return(default__matches(text, pattern)) -}}
{% endmacro %}


{% macro redshift__collapse_blanks(text) %}
    {{- return(default__collapse_blanks(text)) -}}
{% endmacro %}


{% macro redshift__bytewise(text) %}
    {{- return(text) -}}
{% endmacro %}


{% macro redshift__microseconds_between(earlier, later) %}
    {{- return(default__microseconds_between(earlier, later)) -}}
{% endmacro %}


{% macro redshift__canonical_type(name) %}
    {{- return('varchar(65535)' if name == 'string' else default__canonical_type(name)) -}}
{% endmacro %}
