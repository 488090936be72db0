with

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
)

select
    customer_id,
    account_id,
    kpi,
    value,
    status
from kpi_values
where (status in ('ok', 'stale')) <> (value is not null)
