-- The points of all inputs are the health score, so that a score can be taken apart.
{%- set inputs = health_inputs() %}
with

scores as (
    {{ of_batch(ref('account_health_score')) }}
)

select
    customer_id,
    account_id,
    health_score
from scores
where
    abs(
        coalesce(health_score, 0)
        {%- for input in inputs %}
        - coalesce({{ input }}_contribution, 0)
        {%- endfor %}
    ) > 1e-9
