{% macro counts_by_type(account_type, type_list) -%}
    {#- Whether an account of this type (trimmed; NULL for none) counts by the customer's list of types, which goes by
        number: a batch has few different ones. -#}
    case {{ type_list }}
            {%- for types in var('account_types', []) %}
            when {{ loop.index0 }}
                then
                    {% if types.customer is not none -%}
                    coalesce({{ begins_with_any(account_type, types.customer) }}, false)
                    and {% endif -%}
                    not coalesce({{ begins_with_any(account_type, types.former) }}, false)
            {%- else %}
            when null then true
            {%- endfor %}
        end
{%- endmacro %}


{% macro begins_with_any(text, prefixes) -%}
    {#- Whether the text begins with one of the prefixes, with regard to case; NULL if it is NULL. -#}
    {%- set conditions = [] -%}
    {%- for prefix in prefixes -%}
        {%- do conditions.append('substr(' ~ text ~ ', 1, ' ~ prefix | length ~ ') = ' ~ text_literal(prefix)) -%}
    {%- endfor -%}
    {{- return('(' ~ conditions | join(' or ') ~ ')' if conditions else 'false') -}}
{%- endmacro %}
