{% test within_ranges(model, ranges) %}
    {#- `ranges`: column → [minimum, maximum]; null for none. A NULL value is in range. #}

select *
from ({{ of_batch(model) }}) as rows_of_batch
where
    {%- for column, (minimum, maximum) in ranges.items() %}
    {{ 'or ' if not loop.first }}{{ column }} < {{ 'null' if minimum is none else minimum }} - 1e-9
    or {{ column }} > {{ 'null' if maximum is none else maximum }} + 1e-9
    {%- endfor %}

{% endtest %}
