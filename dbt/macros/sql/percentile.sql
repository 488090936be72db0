{% macro percentile(expression, fraction) %}
    {#- The percentile of a group, by linear interpolation. -#}
    {{- return(adapter.dispatch('percentile', 'kpi_platform')(expression, fraction)) -}}
{% endmacro %}

{% macro default__percentile(expression, fraction) %}
    {{- return('percentile_cont(' ~ fraction ~ ') within group (order by ' ~ expression ~ ')') -}}
{% endmacro %}

{% macro duckdb__percentile(expression, fraction) %}
    {{- return('quantile_cont(' ~ expression ~ ', ' ~ fraction ~ ')') -}}
{% endmacro %}

{% macro bigquery__percentile(expression, fraction) %}
    {#- BigQuery has percentile_cont as a window function only. -#}
    {%- set sorted = 'array_agg(' ~ expression ~ ' ignore nulls order by ' ~ expression ~ ')' -%}
    {%- set place = '(count(' ~ expression ~ ') - 1) * ' ~ fraction -%}
    {%- set low = sorted ~ '[safe_offset(cast(floor(' ~ place ~ ') as int64))]' -%}
    {%- set high = sorted ~ '[safe_offset(cast(ceil(' ~ place ~ ') as int64))]' -%}
    {{- return('(' ~ low ~ ' + (' ~ high ~ ' - ' ~ low ~ ') * (' ~ place ~ ' - floor(' ~ place ~ ')))') -}}
{% endmacro %}
