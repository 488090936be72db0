{% macro erase_customers(customers, tables, raw_schemas) %}
    {%- for schema in raw_schemas %}
        {%- do adapter.drop_schema(api.Relation.create(database=target.database, schema=schema)) %}
    {%- endfor %}
    {%- set keys = "'" ~ (customers | join("', '")) ~ "'" %}
    {%- for name in tables %}
        {%- set table = adapter.get_relation(target.database, target.schema, name) %}
        {%- if table is not none and not table.is_view %}
            {%- do run_query('delete from ' ~ table ~ ' where customer_id in (' ~ keys ~ ')') %}
        {%- endif %}
    {%- endfor %}
    {{- commit_erasure() }}
{% endmacro %}


{% macro commit_erasure() %}
    {{- adapter.dispatch('commit_erasure', 'kpi_platform')() -}}
{% endmacro %}

{% macro default__commit_erasure() %}
    {#- Outside a model nobody else does. -#}
    {%- do run_query('commit') %}
{% endmacro %}
