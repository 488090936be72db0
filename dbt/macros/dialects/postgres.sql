{% macro postgres__safe_text_cast(text, type) %}
    {{- return("case when pg_input_is_valid(" ~ text ~ ", '" ~ type ~ "') then cast(" ~ text ~ ' as ' ~ type ~ ') end') -}}
{% endmacro %}


{% macro postgres__number_as_exact(number) %}
    {{- return(default__number_as_exact('cast(cast(' ~ number ~ ' as text) as numeric)')) -}}
{% endmacro %}


{% macro postgres__text_as_utc(text) %}
    {#- Read in UTC whatever the session's zone is: a text without a zone gets one. PostgreSQL would round what comes
        after microseconds. -#}
    {%- set short = "regexp_replace(" ~ text ~ ", '([.][0-9]{6})[0-9]+', '\\1')" -%}
    {%- set zoned = "(" ~ short ~ " || case when " ~ matches(text, zone_pattern()) ~ " then '' else ' UTC' end)" -%}
    {{- return(
        "case when pg_input_is_valid(" ~ zoned ~ ", 'timestamptz') then cast(" ~ zoned
        ~ " as timestamptz) at time zone 'UTC' end"
    ) -}}
{% endmacro %}


{% macro postgres__json_as_text(column) %}
    {{- return('case when not ' ~ is_nested_json(column) ~ ' then ' ~ column ~ " #>> '{}' end") -}}
{% endmacro %}


{% macro postgres__json_kind(column) %}
    {{- return('jsonb_typeof(cast(' ~ column ~ ' as jsonb))') -}}
{% endmacro %}


{% macro postgres__leading_digits(text) %}
    {{- return("cast(substring(" ~ text ~ " from '^\\s*([0-9]{1,18})') as bigint)") -}}
{% endmacro %}


{% macro postgres__matches(text, pattern) %}
    {{- return('(' ~ text ~ " ~ '" ~ pattern ~ "')") -}}
{% endmacro %}


{% macro postgres__collapse_blanks(text) %}
    {{- return(duckdb__collapse_blanks(text)) -}}
{% endmacro %}


{% macro postgres__bytewise(text) %}
    {{- return('(' ~ text ~ ' collate "C")') -}}
{% endmacro %}


{% macro postgres__microseconds_between(earlier, later) %}
    {{- return('cast(extract(epoch from (' ~ later ~ ' - ' ~ earlier ~ ')) * 1000000 as bigint)') -}}
{% endmacro %}
