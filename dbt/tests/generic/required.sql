{% test required(model, columns) %}

select *
from ({{ of_batch(model) }}) as rows_of_batch
where
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}{{ column }} is null
    {%- endfor %}

{% endtest %}
