{% macro of_batch(mart) -%}
    {#- The rows of a mart that this invocation has just made. -#}
    select * from {{ mart }}
    where customer_id in ({{ customer_list() }})
{%- endmacro %}
