{% macro kpi_columns(source) -%}
    {#- The KPIs of a source as columns of a wide mart, from rows of kpi_values. -#}
    {%- for kpi in kpi_catalogue() if kpi.source == source -%}
        max(case when kpi = '{{ kpi.slug }}' then value end) as {{ kpi.column }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro kpi_names(source, relation) -%}
    {#- The columns of kpi_columns, read from a relation. -#}
    {%- for kpi in kpi_catalogue() if kpi.source == source -%}
        {{ relation }}.{{ kpi.column }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro summed_models() %}
    {#- The models whose rows are added up by account, each once. -#}
    {{- return(asked_for(kpi_catalogue() | map(attribute='summed') | select | unique | list)) -}}
{% endmacro %}


{% macro event_models() %}
    {#- The models whose rows are the events of KPIs. -#}
    {{- return((['int_summed_event'] if summed_models() else []) + asked_for(['int_task_sla_event', 'int_incident_event'])) -}}
{% endmacro %}


{% macro asked_for(models) %}
    {#- All of them, or, where one KPI is explained, those that its rows come from. dbt reads the whole project first. -#}
    {{- return(models | select('in', var('explained').models) | list if execute and var('explained', none) else models) -}}
{% endmacro %}


{% macro kpi_setting_names(relation) -%}
    {#- The columns of int_kpi_setting, read from a relation. -#}
    {%- for name in kpi_setting_columns() -%}
        {{ relation }}.{{ name }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
