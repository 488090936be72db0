{% macro generate_schema_name(custom_schema_name, node) %}
    {#- Marts land exactly in the schema that the settings name. -#}
    {{- target.schema -}}
{% endmacro %}
