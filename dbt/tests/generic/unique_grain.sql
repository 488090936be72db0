{% test unique_grain(model, columns) %}

select
    customer_id,
    {%- for column in columns if column != 'customer_id' %}
    {{ column }},
    {%- endfor %}
    count(*) as row_count
from ({{ of_batch(model) }}) as rows_of_batch
group by {{ (['customer_id'] + columns) | unique | join(', ') }}
having count(*) > 1

{% endtest %}
