{% test valid_rows(model, required, ranges={}, values={}) %}
    {#- `required`: columns that are never NULL. `ranges`: column → [minimum, maximum], null for none. `values`: column →
        those it may have. A NULL is in every range, and one of all values. One test for all of a mart's columns: each
        further one costs a refresh as much as a small model. -#}
    {%- set rules = [] -%}
    {%- for column in required -%}
        {%- do rules.append((column, column ~ ' is null')) -%}
    {%- endfor -%}
    {%- for column, (minimum, maximum) in ranges.items() -%}
        {%- do rules.append((column, column ~ ' < ' ~ minimum ~ ' - 1e-9')) if minimum is not none -%}
        {%- do rules.append((column, column ~ ' > ' ~ maximum ~ ' + 1e-9')) if maximum is not none -%}
    {%- endfor -%}
    {%- for column, accepted in values.items() -%}
        {%- set literals = [] -%}
        {%- for value in accepted -%}
            {%- do literals.append(text_literal(value)) -%}
        {%- endfor -%}
        {%- do rules.append((column, column ~ ' not in (' ~ literals | join(', ') ~ ')')) -%}
    {%- endfor %}

select
    *,
    case
        {%- for column, is_broken in rules %}
        when {{ is_broken }} then '{{ column }}'
        {%- endfor %}
    end as invalid_column
from ({{ of_batch(model) }}) as rows_of_batch
where
    {%- for column, is_broken in rules %}
    {{ 'or ' if not loop.first }}{{ is_broken }}
    {%- endfor %}

{% endtest %}
