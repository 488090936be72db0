{% macro customer_rows() %}
    {#- A row of int_customer by name for each customer. What a customer may have is decided in domain/kpi_gaps.py. -#}
    {{- return(batch_customers() | map(attribute='facts') | list) -}}
{% endmacro %}


{% macro kpi_setting_rows() %}
    {#- A row by name for each profile (customers with equal settings and gaps share one) and KPI. -#}
    {{- return(var('kpi_settings', [])) -}}
{% endmacro %}


{% macro account_link_rows() %}
    {#- A row by name for each account id of incidents that people accepted as an account of Salesforce. -#}
    {{- return(var('account_links', [])) -}}
{% endmacro %}


{% macro churn_rule_rows() %}
    {#- A row by name for each list of churn factors (customers with equal settings share one) and factor. -#}
    {{- return(var('churn_rules', [])) -}}
{% endmacro %}


{% macro age_limit_rows() %}
    {#- A row by name for each customer and input that may be too old. -#}
    {{- return(var('age_limits', [])) -}}
{% endmacro %}


{% macro batch_has_ages() %}
    {#- Whether an input of a customer of the batch may be too old; true while dbt parses, like batch_has(). -#}
    {{- return(age_limit_rows() | length > 0 or not execute) -}}
{% endmacro %}


{% macro recurring_type_rows() %}
    {#- A row by name for each list of types (customers with equal settings share one) and type that recurs. -#}
    {{- return(var('recurring_types', [])) -}}
{% endmacro %}
