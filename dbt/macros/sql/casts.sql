{% macro safe_text_cast(text, type) %}
    {#- A text as `type`, NULL where it is none. -#}
    {{- return(adapter.dispatch('safe_text_cast', 'kpi_platform')(text, canonical_type(type))) -}}
{% endmacro %}

{% macro default__safe_text_cast(text, type) %}
    {{- return('try_cast(' ~ text ~ ' as ' ~ type ~ ')') -}}
{% endmacro %}

{% macro postgres__safe_text_cast(text, type) %}
    {{- return("case when pg_input_is_valid(" ~ text ~ ", '" ~ type ~ "') then cast(" ~ text ~ ' as ' ~ type ~ ') end') -}}
{% endmacro %}

{% macro redshift__safe_text_cast(text, type) %}
    {{- return(default__safe_text_cast(text, type)) -}}
{% endmacro %}

{% macro bigquery__safe_text_cast(text, type) %}
    {{- return('safe_cast(' ~ text ~ ' as ' ~ type ~ ')') -}}
{% endmacro %}


{% macro number_as_exact(number) %}
    {#- A number as decimal with twelve places, NULL where it does not fit. A float as it is written: 0.1 is 0.1. -#}
    {{- return(adapter.dispatch('number_as_exact', 'kpi_platform')(number)) -}}
{% endmacro %}

{% macro default__number_as_exact(number) %}
    {{- return('case when abs(' ~ number ~ ') < 1e25 then cast(' ~ number ~ ' as ' ~ canonical_type('exact') ~ ') end') -}}
{% endmacro %}

{% macro duckdb__number_as_exact(number) %}
    {{- return('try_cast(cast(' ~ number ~ ' as varchar) as ' ~ canonical_type('exact') ~ ')') -}}
{% endmacro %}


{% macro postgres__number_as_exact(number) %}
    {{- return(default__number_as_exact('cast(cast(' ~ number ~ ' as text) as numeric)')) -}}
{% endmacro %}

{% macro redshift__number_as_exact(number) %}
    {{- return(default__number_as_exact(number)) -}}
{% endmacro %}


{% macro text_as_exact(text) %}
    {#- A text as decimal with twelve places, NULL where it is no number or does not fit. -#}
    {{- return(adapter.dispatch('text_as_exact', 'kpi_platform')(text)) -}}
{% endmacro %}

{% macro default__text_as_exact(text) %}
    {{- return(safe_text_cast(text, 'exact')) -}}
{% endmacro %}

{% macro postgres__text_as_exact(text) %}
    {#- PostgreSQL takes NaN for a decimal. -#}
    {{- return("case when pg_input_is_valid(" ~ text ~ ", 'numeric') then " ~ number_as_exact(text) ~ ' end') -}}
{% endmacro %}

{% macro redshift__text_as_exact(text) %}
    {#- Redshift takes no exponent for a decimal. -#}
    {{- return(
        'coalesce(' ~ safe_text_cast(text, 'exact') ~ ', ' ~ number_as_exact(safe_text_cast(text, 'float')) ~ ')'
    ) -}}
{% endmacro %}


{% macro finite(number) %}
    {#- NaN and the infinities are no measurements. -#}
    {{- return(adapter.dispatch('finite', 'kpi_platform')(number)) -}}
{% endmacro %}

{% macro default__finite(number) %}
    {{- return('case when abs(' ~ number ~ ') < 1e300 then ' ~ number ~ ' end') -}}
{% endmacro %}

{% macro duckdb__finite(number) %}
    {{- return('case when isfinite(' ~ number ~ ') then ' ~ number ~ ' end') -}}
{% endmacro %}


{% macro zoned_to_utc(moment) %}
    {#- A timestamp with a zone as UTC without one. -#}
    {{- return(adapter.dispatch('zoned_to_utc', 'kpi_platform')(moment)) -}}
{% endmacro %}

{% macro default__zoned_to_utc(moment) %}
    {{- return("(" ~ moment ~ " at time zone 'UTC')") -}}
{% endmacro %}

{% macro snowflake__zoned_to_utc(moment) %}
    {{- return("cast(convert_timezone('UTC', " ~ moment ~ ') as timestamp_ntz)') -}}
{% endmacro %}

{% macro bigquery__zoned_to_utc(moment) %}
    {{- return("datetime(" ~ moment ~ ", 'UTC')") -}}
{% endmacro %}


{% macro text_as_utc(text) %}
    {#- A text as a UTC timestamp without zone; one that names no zone is UTC. -#}
    {{- return(adapter.dispatch('text_as_utc', 'kpi_platform')(text)) -}}
{% endmacro %}

{% macro default__text_as_utc(text) %}
    {{- return("(try_cast(" ~ text ~ " as timestamp with time zone) at time zone 'UTC')") -}}
{% endmacro %}

{% macro postgres__text_as_utc(text) %}
    {#- Read in UTC whatever the session's zone is: a text without a zone gets one. -#}
    {%- set zoned = "(" ~ text ~ " || case when " ~ text ~ " ~ '([zZ]|[0-9]:?[0-9]{2}[+-][0-9:]+)$' then '' else ' UTC' end)" -%}
    {{- return(
        "case when pg_input_is_valid(" ~ zoned ~ ", 'timestamptz') then cast(" ~ zoned
        ~ " as timestamptz) at time zone 'UTC' end"
    ) -}}
{% endmacro %}

{% macro redshift__text_as_utc(text) %}
    {{- return(default__text_as_utc(text)) -}}
{% endmacro %}

{% macro snowflake__text_as_utc(text) %}
    {#- A text without a zone gets the session's, and loses it again. -#}
    {%- set zoned = 'try_cast(' ~ text ~ ' as timestamp_tz)' -%}
    {{- return(
        'case when ' ~ matches(text, '([zZ]|[0-9]:?[0-9]{2}[+-][0-9:]+)$')
        ~ " then cast(convert_timezone('UTC', " ~ zoned ~ ') as timestamp_ntz)'
        ~ ' else cast(' ~ zoned ~ ' as timestamp_ntz) end'
    ) -}}
{% endmacro %}

{% macro bigquery__text_as_utc(text) %}
    {{- return("datetime(safe_cast(" ~ text ~ " as timestamp), 'UTC')") -}}
{% endmacro %}
