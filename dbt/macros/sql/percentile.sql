{% macro percentile(expression, fraction) %}
    {#- The percentile of a group, by linear interpolation. -#}
    {{- return(adapter.dispatch('percentile', 'kpi_platform')(expression, fraction)) -}}
{% endmacro %}

{% macro default__percentile(expression, fraction) %}
    {{- return('percentile_cont(' ~ fraction ~ ') within group (order by ' ~ expression ~ ')') -}}
{% endmacro %}
