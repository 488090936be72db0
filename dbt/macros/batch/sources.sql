{% macro knows_account(source, accounts) -%}
    {#- Whether a source knows an account of kpi_accounts, by that mart's own columns. -#}
    case
        {%- for system in source_catalogue() %}
            when {{ source }} = {{ text_literal(system.name) }} then {{ accounts }}.{{ system.known_account }}
        {%- endfor %}
        end
{%- endmacro %}


{% macro lacks_account(source, accounts) -%}
    {#- Whether a source that lists the accounts lacks one of kpi_accounts: its KPIs are not mapped for it. -#}
    {%- set conditions = [] -%}
    {%- for system in source_catalogue() if system.lists_accounts -%}
        {%- do conditions.append(
            source ~ ' = ' ~ text_literal(system.name) ~ ' and not ' ~ accounts ~ '.' ~ system.known_account
        ) -%}
    {%- endfor -%}
    {{ conditions | join(' or ') }}
{%- endmacro %}
