{% macro microseconds_between(earlier, later) %}
    {#- Whole microseconds, so that a sum of durations does not depend on its order. -#}
    {{- return(adapter.dispatch('microseconds_between', 'kpi_platform')(earlier, later)) -}}
{% endmacro %}

{% macro default__microseconds_between(earlier, later) %}
    {{- return('datediff(microsecond, ' ~ earlier ~ ', ' ~ later ~ ')') -}}
{% endmacro %}


{% macro hours(microseconds) %}
    {{- return('(cast(' ~ microseconds ~ ' as ' ~ canonical_type('float') ~ ') / 3600000000.0)') -}}
{% endmacro %}


{% macro days_before(time, days) %}
    {#- The instant that is so many days before `time`. -#}
    {{- return(dbt.dateadd('day', '-' ~ days, time)) -}}
{% endmacro %}
