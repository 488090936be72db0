{% test one_of(model, column_name, values) %}

select *
from ({{ of_batch(model) }}) as rows_of_batch
where {{ column_name }} not in (
    {%- for value in values -%}
    {{ text_literal(value) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
)

{% endtest %}
