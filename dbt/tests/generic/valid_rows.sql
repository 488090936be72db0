{% test valid_rows(model, grain, required, ranges={}, values={}, accounts=none, day=none) %}
    {#- `grain`: no two rows are equal in these columns. `required`: columns that are never NULL. `ranges`: column →
        [minimum, maximum], null for none. `values`: column → those it may have. A NULL is in every range, and one of all
        values. `accounts`: the mart that has every account_id. `day`: a column of days, of which only that of as_of is
        looked at. One test for all of a mart: each further one costs a refresh as much as a small model. -#}
    {%- set rules = [] -%}
    {%- for column, (minimum, maximum) in ranges.items() -%}
        {%- do rules.append([column, '< ' ~ minimum ~ ' - 1e-9', 'is below ' ~ minimum]) if minimum is not none -%}
        {%- do rules.append([column, '> ' ~ maximum ~ ' + 1e-9', 'is above ' ~ maximum]) if maximum is not none -%}
    {%- endfor -%}
    {%- for column, accepted in values.items() -%}
        {%- set literals = [] -%}
        {%- for value in accepted -%}
            {%- do literals.append(text_literal(value)) -%}
        {%- endfor -%}
        {%- do rules.append([column, 'not in (' ~ literals | join(', ') ~ ')', 'is not one of ' ~ accepted | join(', ')]) -%}
    {%- endfor -%}
    {%- set is_unknown = 'is not null and accounts.account_id is null' -%}
    {%- do rules.append(['account_id', is_unknown, 'is not an account of the customer']) if accounts -%}
    {%- set grain_columns = 'rows_of_batch.' ~ grain | join(', rows_of_batch.') %}

with

rows_of_batch as (
    {{ of_batch(model) }}
    {%- if day %}
        and {{ day }} = cast({{ as_of() }} as date)
    {%- endif %}
)

select
    {{ grain_columns }},
    case
        {%- for column in required %}
        when rows_of_batch.{{ column }} is null then '{{ column }}'
        {%- endfor %}
        {%- for column, is_broken, meaning in rules %}
        when rows_of_batch.{{ column }} {{ is_broken }} then '{{ column }}'
        {%- endfor %}
    end as column_name,
    case
        {%- for column in required %}
        when rows_of_batch.{{ column }} is null then '{{ column }} is missing'
        {%- endfor %}
        {%- for column, is_broken, meaning in rules %}
        when rows_of_batch.{{ column }} {{ is_broken }}
            then '{{ column }} ' || cast(rows_of_batch.{{ column }} as {{ canonical_type('string') }}) || {{ text_literal(' ' ~ meaning) }}
        {%- endfor %}
    end as broken_rule,
    1 as row_count
from rows_of_batch
{%- if accounts %}
left join ({{ of_batch(accounts) }}) as accounts
    on
        rows_of_batch.customer_id = accounts.customer_id
        and rows_of_batch.account_id = accounts.account_id
{%- endif %}
where
    {%- for column in required %}
    {{ 'or ' if not loop.first }}rows_of_batch.{{ column }} is null
    {%- endfor %}
    {%- for column, is_broken, meaning in rules %}
    or (rows_of_batch.{{ column }} {{ is_broken }})
    {%- endfor %}

union all

select
    {{ grain_columns }},
    {{ literal(none, 'string') }} as column_name,
    'it is there more than once' as broken_rule,
    count(*) as row_count
from rows_of_batch
group by {{ grain_columns }}
having count(*) > 1

{% endtest %}
