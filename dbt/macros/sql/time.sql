{% macro microseconds_between(earlier, later) %}
    {#- Whole microseconds, so that a sum of durations does not depend on its order. -#}
    {{- return(adapter.dispatch('microseconds_between', 'kpi_platform')(earlier, later)) -}}
{% endmacro %}

{% macro default__microseconds_between(earlier, later) %}
    {{- return('datediff(microsecond, ' ~ earlier ~ ', ' ~ later ~ ')') -}}
{% endmacro %}

{% macro duckdb__microseconds_between(earlier, later) %}
    {{- return('(epoch_us(' ~ later ~ ') - epoch_us(' ~ earlier ~ '))') -}}
{% endmacro %}

{% macro postgres__microseconds_between(earlier, later) %}
    {{- return('cast(extract(epoch from (' ~ later ~ ' - ' ~ earlier ~ ')) * 1000000 as bigint)') -}}
{% endmacro %}

{% macro redshift__microseconds_between(earlier, later) %}
    {{- return(default__microseconds_between(earlier, later)) -}}
{% endmacro %}

{% macro bigquery__microseconds_between(earlier, later) %}
    {{- return('datetime_diff(' ~ later ~ ', ' ~ earlier ~ ', microsecond)') -}}
{% endmacro %}


{% macro hours(microseconds) %}
    {{- return('(cast(' ~ microseconds ~ ' as ' ~ canonical_type('float') ~ ') / 3600000000.0)') -}}
{% endmacro %}
