{% macro snowflake__replace_rows(arguments, conditions) %}
    {{- snowflake_dml_explicit_transaction(default__replace_rows(arguments, conditions)) -}}
{% endmacro %}


{% macro snowflake__zoned_to_utc(moment) %}
    {{- return("cast(convert_timezone('UTC', " ~ moment ~ ') as timestamp_ntz)') -}}
{% endmacro %}


{% macro snowflake__text_as_utc(text) %}
    {#- A text without a zone gets the session's, and loses it again. Snowflake would keep nanoseconds. -#}
    {%- set short = 'regexp_replace(' ~ text ~ ", '([.][0-9]{6})[0-9]+', '\\\\1')" -%}
    {%- set whole = 'regexp_replace(' ~ short ~ ", '(:[0-9]{2}([.][0-9]+)?[+-][0-9]{2})$', '\\\\1:00')" -%}
    {%- set zoned = 'try_cast(' ~ whole ~ ' as timestamp_tz)' -%}
    {{- return(
        'case when ' ~ matches(text, zone_pattern())
        ~ " then cast(convert_timezone('UTC', " ~ zoned ~ ') as timestamp_ntz)'
        ~ ' else cast(' ~ zoned ~ ' as timestamp_ntz) end'
    ) -}}
{% endmacro %}


{% macro snowflake__nested_as_text(column) %}
    {{- return('to_json(' ~ column ~ ')') -}}
{% endmacro %}


{% macro snowflake__json_kind(column) %}
    {{- return('typeof(' ~ column ~ ')') -}}
{% endmacro %}


{% macro snowflake__matches(text, pattern) %}
    {{- return('(regexp_count(' ~ text ~ ", '" ~ pattern ~ "') > 0)") -}}
{% endmacro %}


{% macro snowflake__text_literal(value) %}
    {{- return("'" ~ value.replace("\\", "\\\\").replace("'", "''") ~ "'") -}}
{% endmacro %}


{% macro snowflake__newest(value, time, id, condition) -%}
    {{- return(
        '(array_agg(case when ' ~ condition ~ ' then ' ~ value ~ ' end) within group (order by case when ' ~ condition
        ~ ' then 0 else 1 end, ' ~ time ~ ' desc, ' ~ id ~ ' desc))[0]::varchar'
    ) -}}
{%- endmacro %}


{% macro snowflake__canonical_type(name) %}
    {{- return({
        'string': 'varchar', 'integer': 'number(38, 0)', 'float': 'float', 'boolean': 'boolean',
        'date': 'date', 'timestamp': 'timestamp_ntz', 'exact': 'number(38, 12)',
    }[name]) -}}
{% endmacro %}
