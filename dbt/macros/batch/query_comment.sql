{% macro query_comment(node) %}
    {#- For whom and in which run a statement runs, as JSON. A batch of several customers has no single one. -#}
    {%- set customers = batch_customers() -%}
    {{- return(tojson({
        'app': 'kpi_platform',
        'customer': customers[0].key if customers | length == 1 else customers | length ~ '_customers',
        'run_id': var('run_id', none),
        'node': node.name if node else none,
    })) -}}
{% endmacro %}
