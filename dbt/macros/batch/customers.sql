{% macro batch_customers() %}
    {{- return(var('customers', [])) -}}
{% endmacro %}


{% macro customer_list() %}
    {#- Keys are small letters, digits and underscores; one call quotes them all, because every test needs them. -#}
    {%- set keys = batch_customers() | map(attribute='key') | join(' ') -%}
    {{- return(text_literal(keys).replace(' ', "', '") if keys else 'null') -}}
{% endmacro %}


{% macro normalised_field(name) %}
    {{- return((name or '') | lower | replace('_', '')) -}}
{% endmacro %}


{% macro landed_table(customer, source, table) %}
    {%- set settings = customer.sources.get(source, {}) -%}
    {%- set landed = settings.get('tables', {}).get(table, {}) -%}
    {%- if settings.get('enabled') and landed.get('status') == 'available' -%}
        {{- return(landed) -}}
    {%- endif -%}
    {{- return(none) -}}
{% endmacro %}


{% macro batch_has(source, table) %}
    {#- Whether a customer of the batch has the table: what nobody has need not be joined. True while dbt parses, when
        it notes what a model refers to: it puts an ephemeral model only into SQL that names it. -#}
    {%- for customer in batch_customers() if landed_table(customer, source, table) -%}
        {{- return(true) -}}
    {%- endfor -%}
    {{- return(not execute) -}}
{% endmacro %}


{% macro batch_has_fact(name, value=true) %}
    {#- Whether a customer of the batch has this value in int_customer: a rule that nobody has costs nothing. True while
        dbt parses, like batch_has(). -#}
    {%- for customer in batch_customers() if customer.get('facts', {}).get(name) == value -%}
        {{- return(true) -}}
    {%- endfor -%}
    {{- return(not execute) -}}
{% endmacro %}


{% macro landed_column(customer, source, table, name) %}
    {%- set landed = landed_table(customer, source, table) -%}
    {{- return(landed.columns.get(normalised_field(name)) if landed and name else none) -}}
{% endmacro %}


{% macro mapped_field(customer, source, field) %}
    {{- return(customer.sources.get(source, {}).get('fields', {}).get(field)) -}}
{% endmacro %}
