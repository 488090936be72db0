{% macro computed_once() %}
    {#- Stands between AS and the parenthesis of a WITH query that is read more than once. -#}
    {{- return(adapter.dispatch('computed_once', 'kpi_platform')()) -}}
{% endmacro %}

{% macro default__computed_once() %}
    {{- return('') -}}
{% endmacro %}
