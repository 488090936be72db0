{% macro computed_once() %}
    {#- Begins a model that a statement reads more than once. -#}
    {{- return(adapter.dispatch('computed_once', 'kpi_platform')()) -}}
{% endmacro %}

{% macro default__computed_once() %}
    {{- return('') -}}
{% endmacro %}
